// isolab container commit, export, copy-in, copy-out: a container's files. Archives cross as descriptors; tar(1) packs and
// unpacks on this side, with the person's own rights.
import { statSync } from 'node:fs';
import { resolve as absolutePath, basename, dirname } from 'node:path';
import { beside } from '../beside';
import { type Command, command, flag, many, maybe, operand, short, value } from '../command';
import { container } from '../container-plan';
import { changes, merged } from '../image-refs';
import { progressLine } from '../progress';
import { text } from '../refs';
import { openInput, withOutput } from '../streams';
import { Usage } from '../usage';

const CONTAINER = operand('CONTAINER', container, 'Its name, or an id of at least 12 digits.');

export const CONTAINER_FILES: readonly Command[] = [
  command({
    words: 'container commit',
    summary: 'Make an image of a container: what was changed in it becomes a layer.',
    notes: ['It stands still meanwhile.'],
    operands: { container: CONTAINER, name: maybe('NAME', text, 'Name of the image, with or without a tag.') },
    options: {
      change: short(
        'c',
        many('WORDS', changes, 'As in a Dockerfile: "CMD /bin/sh", "ENV A=1", "ENTRYPOINT …", "WORKDIR …", "USER …".'),
      ),
      message: short('m', value('TEXT', text, 'A comment for its history.')),
      running: flag('Let it go on meanwhile.'),
    },
    fields: { container: 'CONTAINER', name: 'NAME', change: '--change', message: '--message' },
    run: async (context, { container: one, name, change, message, running }) => {
      const params = {
        container: one,
        ...(name !== undefined && { name }),
        ...(change.length > 0 && { change: merged(change) }),
        ...(message !== undefined && { message }),
        ...(running && { running }),
      };
      const answer = await context.call('container/commit', params, progressLine(context));
      return context.show(answer, ({ image }) => [image.id]);
    },
  }),
  command({
    words: 'container export',
    summary: 'Write all files of a container as a tar archive.',
    operands: { container: CONTAINER },
    options: { output: short('o', value('TAR', text, 'The archive; standard output when left out.')) },
    fields: { container: 'CONTAINER', output: '--output' },
    run: async (context, { container: one, output }) => {
      await withOutput(output ?? '-', (fd) => context.call('container/export', { container: one, output: fd }));
      return 0;
    },
  }),
  command({
    words: 'container copy-out',
    summary: 'Copy a file or directory of a container to here, or with “-” as a tar archive to standard output.',
    operands: {
      container: CONTAINER,
      path: operand('PATH', text, 'Its absolute path in the container.'),
      target: operand('DIR', text, 'Directory here to put it in; “-”: an archive to standard output.'),
    },
    fields: { container: 'CONTAINER', path: 'PATH', output: 'DIR' },
    run: async (context, { container: one, path, target }) => {
      const copy = (output: number) => context.call('container/copy-out', { container: one, path, output });
      if (target === '-') {
        await withOutput(target, copy);
        return 0;
      }
      if (!statSync(target, { throwIfNoEntry: false })?.isDirectory())
        throw new Usage('“{target}” is no directory.', { target });
      const mine = process.getuid?.() === 0 ? ['--same-owner'] : ['--no-same-owner'];
      return beside(['tar', '--extract', '--file=-', `--directory=${target}`, ...mine], 'reads', copy);
    },
  }),
  command({
    words: 'container copy-in',
    summary:
      'Copy a file or directory of here into a container, or with “-” what a tar archive on standard input holds.',
    operands: {
      container: CONTAINER,
      source: operand('FILE', text, 'A file or directory here; “-”: an archive from standard input.'),
      path: operand('DIR', text, 'Absolute path of a directory in the container to put it in.'),
    },
    fields: { container: 'CONTAINER', path: 'DIR', input: 'FILE' },
    run: async (context, { container: one, source, path }) => {
      const copy = (input: number) => context.call('container/copy-in', { container: one, path, input });
      if (source === '-') {
        await copy(openInput('-'));
        return 0;
      }
      if (statSync(source, { throwIfNoEntry: false }) === undefined)
        throw new Usage('There is no “{source}” here.', { source });
      const whole = absolutePath(source);
      const words = [`--directory=${dirname(whole)}`, '--', `./${basename(whole)}`];
      return beside(['tar', '--create', '--file=-', '--numeric-owner', ...words], 'writes', copy);
    },
  }),
];
