// image/load, import and save: archives come and go as descriptors of files that are opened here.
import { basename } from 'node:path';
import { window, workspace } from 'vscode';
import type { Result } from '../../helper/rpc/contract';
import type { CallOptions } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import { coded } from '../../helper/rpc/contract/sentences';
import type { Connected } from '../context';
import { loadRules } from '../prompts/rules';
import { alone, askPick, askText, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { bytesText } from '../views/amounts';
import { imageNode } from '../views/images-nodes';
import { imageLabel } from '../views/images-rows';
import { visible } from '../views/row';
import { imageRef, someImages } from './containers-meant';
import { askOpen, askSave, reading, writing } from './files';
import { long } from './long';
import { done } from './report';
import type { Target } from './target';

type Brought = Result<'image/load'>;

export async function loadImage(context: Connected): Promise<void> {
  for (const path of await askOpen(t('Load image'), 'files', archiveFilters())) await loadFile(context, path);
}

/** What is no image but a root file system is offered to be imported as one. */
export async function loadFile(context: Connected, path: string): Promise<void> {
  const title = t('Loading {file}', { file: visible(basename(path)) });
  try {
    await told(
      context,
      await crossing(title, path, (archive, options) => context.client.call('image/load', { archive }, options)),
    );
  } catch (error) {
    if (!(error instanceof Failure) || error.data.rule?.code !== 'archive-is-root') throw error;
    const yes = t('Import it');
    const question = t('{file} is not an image but a root file system.', { file: visible(basename(path)) });
    const detail = t('It can become an image of one layer.');
    if ((await window.showInformationMessage(question, { modal: true, detail }, yes)) === yes)
      await importFile(context, path);
  }
}

export async function importImage(context: Connected): Promise<void> {
  const [path = ''] = await askOpen(t('Import a root file system'), 'files', archiveFilters());
  await importFile(context, path);
}

async function importFile(context: Connected, path: string): Promise<void> {
  const rules = await loadRules(t);
  let name = proposedName(path);
  const ask: Step = async (position) => {
    name = await askText(position, { prompt: t('Name of the new image'), value: name, check: rules.imageName });
  };
  await wizard(t('Import a root file system'), [ask]);
  const title = t('Importing {file}', { file: visible(basename(path)) });
  const act = (archive: number, options: CallOptions) =>
    context.client.call('image/import', { archive, name }, options);
  await told(context, await crossing(title, path, act));
}

/** `root-fs.tar.gz` gives `root-fs:latest`. */
function proposedName(path: string): string {
  const stem = basename(path).toLowerCase().split('.')[0] ?? '';
  const clean = stem.replace(/[^a-z0-9_-]/g, '').replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return `${clean || 'rootfs'}:latest`;
}

export async function saveImage(context: Connected, target: Target): Promise<void> {
  const title = t('Save image');
  const images = await someImages(context, target, title);
  const [first] = images;
  if (!first) return;
  const format = await askPick(alone(title), {
    prompt: t('Kind of archive'),
    choices: [
      { label: 'docker-archive', description: t('what docker and podman load'), value: 'docker-archive' as const },
      { label: 'oci-archive', description: t('an OCI image layout in one file'), value: 'oci-archive' as const },
    ],
  });
  const stem = imageLabel(first).replaceAll(/[/:]/g, '-');
  const path = await askSave(title, `${stem}.tar`, { tar: ['tar'] }, workspace.workspaceFolders?.[0]?.uri);
  const names = images.map(imageLabel).join(', ');
  const params = { images: images.map(imageRef), format };
  const { bytes } = await writing(path, (archive) =>
    long(t('Saving {names}', { names }), (options) =>
      context.client.call('image/save', { ...params, archive }, options),
    ),
  );
  done(t('Saved {names}: {size}', { names, size: bytesText(bytes) }));
}

function crossing<T>(
  title: string,
  path: string,
  act: (archive: number, options: CallOptions) => Promise<T>,
): Promise<T> {
  return reading(path, (archive) => long(title, (options) => act(archive, options)));
}

/** Which images came, and what is worth knowing although it worked. */
export async function told(context: Connected, { images, notes }: Brought): Promise<void> {
  const names = images.map(imageLabel).join(', ');
  done(images.length === 1 ? t('Image {names} is here', { names }) : t('Images {names} are here', { names }));
  if (notes.length > 0) void window.showInformationMessage(notes.map((note) => coded(note, t)).join(' '));
  const [first] = images;
  if (first) await context.images.reveal(imageNode(first, Date.now()), false);
}

function archiveFilters(): Record<string, string[]> {
  return { [t('Archives')]: ['tar', 'gz', 'tgz', 'zst', 'xz'], [t('All files')]: ['*'] };
}
