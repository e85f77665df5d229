// Arguments that name images, and what is to change in one as a line of a Dockerfile says it.
import type { Input } from '../rpc/contract';
import { text } from './refs';
import { Usage } from './usage';

type ImageArgument = Input<'image/show'>['image'];
type Change = NonNullable<Input<'image/import'>['change']>;

/** Twelve hexadecimal digits or more are an id, also behind `sha256:`; everything else is a name. */
export function image(argument: string): ImageArgument {
  const [, id] = /^(?:sha256:)?([0-9a-f]{12,64})$/.exec(argument) ?? [];
  return id === undefined ? { name: text(argument) } : { id };
}

export function changes(argument: string): Change {
  const [, word = '', rest = ''] = /^\s*([A-Za-z]+)\s+(.*\S)\s*$/s.exec(argument) ?? [];
  switch (word.toUpperCase()) {
    case 'CMD':
      return { cmd: command(rest) };
    case 'ENTRYPOINT':
      return { entrypoint: command(rest) };
    case 'ENV':
      return { env: [pair(rest).join('=')] };
    case 'LABEL': {
      const [key, value] = pair(rest);
      return { labels: { [key]: value } };
    }
    case 'WORKDIR':
      return { workingDir: rest };
    case 'USER':
      return { user: rest };
    case 'STOPSIGNAL':
      return { stopSignal: rest };
    case 'EXPOSE':
      return { exposedPorts: rest.split(/\s+/) };
    case 'VOLUME':
      return { volumes: rest.startsWith('[') ? command(rest) : rest.split(/\s+/) };
    default:
      throw new Usage(
        '“{argument}” is not a change: write CMD, ENTRYPOINT, ENV, LABEL, WORKDIR, USER, STOPSIGNAL, EXPOSE or VOLUME and its words.',
        { argument },
      );
  }
}

/** All of them: the last of a kind counts, lists grow. */
export function merged(all: readonly Change[]): Change {
  const lists = (field: 'env' | 'exposedPorts' | 'volumes') => {
    const list = all.flatMap((one) => one[field] ?? []);
    return list.length > 0 ? { [field]: list } : {};
  };
  const labels = Object.assign({}, ...all.map((one) => one.labels)) as Record<string, string>;
  return {
    ...(Object.assign({}, ...all) as Change),
    ...lists('env'),
    ...lists('exposedPorts'),
    ...lists('volumes'),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

/** A list in JSON as it is; else a line for the image's shell, as in a Dockerfile. */
function command(words: string): string[] {
  if (!words.startsWith('[')) return ['/bin/sh', '-c', words];
  try {
    const list: unknown = JSON.parse(words);
    if (Array.isArray(list) && list.every((word) => typeof word === 'string')) return list;
  } catch {
    // Told below.
  }
  throw new Usage('“{argument}” is not a list of words in JSON: ["/bin/sh", "-l"].', { argument: words });
}

function pair(words: string): [string, string] {
  const [, key = '', value = ''] = /^([^=\s]+)[=\s](.*)$/s.exec(words) ?? [];
  if (key === '') throw new Usage('“{argument}” is not NAME=VALUE.', { argument: words });
  return [key, value.replace(/^"(.*)"$/s, '$1')];
}
