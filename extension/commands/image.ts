// image/*: what is done with images of the store. Those that cross as files stand in image-files.ts, registries in
// image-registry.ts.
import { window } from 'vscode';
import type { Connected } from '../context';
import { copyAsCommand, copying } from '../equivalents/copy';
import { loadRules } from '../prompts/rules';
import { askText, Cancelled, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { bytesText } from '../views/amounts';
import { imageNode } from '../views/images-nodes';
import { imageLabel } from '../views/images-rows';
import { oneImage, someImages } from './containers-meant';
import { copyText } from './copy';
import { deleteNodes } from './delete';
import { done } from './report';
import type { Target } from './target';

export async function tagImage(context: Connected, target: Target): Promise<void> {
  const title = t('Tag image');
  const [image, rules] = await Promise.all([oneImage(context, target, title), loadRules(t)]);
  let [name = ''] = image.names;
  const params = () => ({ image: { id: image.id }, name });
  const ask: Step = async (position) => {
    const prompt = t('One more name of {image}, such as lab/{example}', { image: imageLabel(image), example: 'web:1' });
    name = await askText(position, { prompt, value: name, check: rules.imageName });
  };
  await wizard(
    title,
    [ask],
    copying(context, () => [{ method: 'image/tag', params: params() }]),
  );
  const { replaced } = await context.client.call('image/tag', params());
  done(
    replaced === undefined
      ? t('{image} is now also {name}', { image: imageLabel(image), name })
      : t('{name} now names {image}; another image lost that name', { image: imageLabel(image), name }),
  );
}

export async function removeImage(context: Connected, target: Target): Promise<void> {
  const chosen = await someImages(context, target, t('Remove image'));
  const now = Date.now();
  await deleteNodes(
    context,
    chosen.map((image) => imageNode(image, now)),
  );
}

export async function pruneImages(context: Connected): Promise<void> {
  const { images } = await context.client.call('image/list', {});
  const unused = images.filter(({ usedBy }) => usedBy.length === 0);
  const nameless = unused.filter(({ names }) => names.length === 0);
  const size = bytesText(unused.reduce((sum, image) => sum + image.size, 0));
  const detail = [
    t('Without a name: {count}', { count: nameless.length }),
    t('Unused: {count}, {size} at most', { count: unused.length, size }),
  ].join('\n');
  const some = t('Remove those without a name');
  const every = t('Remove all unused');
  const copy = t('Copy as command');
  const question = t('Remove images that no container uses?');
  const answer = await window.showWarningMessage(question, { modal: true, detail }, some, every, copy);
  if (answer === copy) await copyAsCommand(context, [{ method: 'image/prune', params: {} }]);
  if (answer !== some && answer !== every) throw new Cancelled();
  const { removed, freed } = await context.client.call('image/prune', answer === every ? { all: true } : {});
  done(t('Removed {count} images, {size}', { count: removed.length, size: bytesText(freed) }));
}

export async function inspectImage(context: Connected, target: Target): Promise<void> {
  await context.documents.image(await oneImage(context, target, t('Inspect image')));
}

export async function copyImageName(context: Connected, target: Target): Promise<void> {
  const chosen = await someImages(context, target, t('Copy image name'));
  await copyText(chosen.map(({ names, id }) => names[0] ?? id));
}
