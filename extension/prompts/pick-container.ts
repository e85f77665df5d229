// Pickers of containers and images, for commands that were not started from a row.
import { ThemeIcon } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Container } from '../../helper/rpc/contract/container';
import type { Image } from '../../helper/rpc/contract/image';
import { t } from '../translate';
import { containerNodes } from '../views/containers-nodes';
import { containerRow } from '../views/containers-rows';
import { imageNodes } from '../views/images-nodes';
import { imageRow } from '../views/images-rows';
import type { Row } from '../views/row';
import type { Choice } from './wizard';

export async function containerChoices(
  client: Client,
  fits: (container: Container) => boolean,
): Promise<Choice<Container>[]> {
  const { containers } = await client.call('container/list', { all: true });
  const nodes = containerNodes(containers.filter(fits), Date.now());
  return nodes.map((node) => choice(containerRow(node, t), node.container));
}

export async function imageChoices(
  client: Client,
  fits: (image: Image) => boolean = () => true,
): Promise<Choice<Image>[]> {
  const { images } = await client.call('image/list', {});
  const nodes = imageNodes(images.filter(fits), Date.now());
  return nodes.map((node) => choice(imageRow(node, t), node.image));
}

function choice<T>({ label, description = '', icon }: Row, value: T): Choice<T> {
  return { label, description, iconPath: new ThemeIcon(icon), value };
}
