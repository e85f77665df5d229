// image/pull and image/push: images from and to a registry, through skopeo(1) where the helper finds it.
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { loadRules } from '../prompts/rules';
import { askPick, askText, type Choice, type Position, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { imageLabel } from '../views/images-rows';
import { visible } from '../views/row';
import { oneImage } from './containers-meant';
import { told } from './image-files';
import { long } from './long';
import { done } from './report';
import type { Target } from './target';

export async function pullImage(context: Connected): Promise<void> {
  const rules = await loadRules(t);
  let name = '';
  let insecure = false;
  const params = () => ({ name, ...(insecure && { insecure }) });
  const steps: Step[] = [
    async (position) => {
      const prompt = t('Name of the image, with its registry: docker.io/library/busybox:latest');
      name = await askText(position, { prompt, value: name, check: rules.imageName });
    },
    async (position) => {
      insecure = await askInsecure(position, insecure);
    },
  ];
  const offer = copying(context, () => [{ method: 'image/pull', params: params() }]);
  await wizard(t('Pull image'), steps, offer);
  const title = t('Pulling {name}', { name: visible(name) });
  await told(context, await long(title, (options) => context.client.call('image/pull', params(), options)));
}

export async function pushImage(context: Connected, target: Target): Promise<void> {
  const title = t('Push image');
  const [image, rules] = await Promise.all([oneImage(context, target, title), loadRules(t)]);
  let [to = ''] = image.names;
  let insecure = false;
  const params = () => ({ image: { id: image.id }, to, ...(insecure && { insecure }) });
  const steps: Step[] = [
    async (position) => {
      const prompt = t('Name in the registry, such as localhost:5000/lab/web:1');
      to = await askText(position, { prompt, value: to, check: rules.imageName });
    },
    async (position) => {
      insecure = await askInsecure(position, insecure);
    },
  ];
  const offer = copying(context, () => [{ method: 'image/push', params: params() }]);
  await wizard(title, steps, offer);
  const shown = t('Pushing {name}', { name: imageLabel(image) });
  const { name } = await long(shown, (options) => context.client.call('image/push', params(), options));
  done(t('Pushed {name}', { name: visible(name) }));
}

function askInsecure(position: Position, active: boolean): Promise<boolean> {
  const choices: Choice<boolean>[] = [
    { label: t('Checked'), description: t('HTTPS with a certificate that somebody vouches for'), value: false },
    { label: t('Unchecked'), description: t('a registry of your own: HTTP, or any certificate'), value: true },
  ];
  return askPick(position, { prompt: t('Connection to the registry'), choices, active: (value) => value === active });
}
