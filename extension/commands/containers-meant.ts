// Which containers and images a command is about: those of the rows, else those that are picked.

import { window } from 'vscode';
import type { Container } from '../../helper/rpc/contract/container';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Image, ImageRef } from '../../helper/rpc/contract/image';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { Connected } from '../context';
import { pickSome } from '../prompts/pick';
import { containerChoices, imageChoices } from '../prompts/pick-container';
import { alone, askPick, Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { visible } from '../views/row';
import { done, offer } from './report';
import type { Target } from './target';

/** The containers that the rows are, or stand below. */
export function containersOf({ nodes }: Target): Container[] {
  const found = nodes.flatMap((node) => ('container' in node ? [node.container] : []));
  return [...new Map(found.map((container) => [container.id, container])).values()];
}

export function imagesOf({ nodes }: Target): Image[] {
  const found = nodes.flatMap((node) => ('image' in node ? [node.image] : []));
  return [...new Map(found.map((image) => [image.id, image])).values()];
}

/** Those of the rows that fit, else some that are picked. */
export async function someContainers(
  { client }: Connected,
  target: Target,
  title: string,
  fits: (container: Container) => boolean = () => true,
): Promise<Container[]> {
  if (target.nodes.length > 0) return containersOf(target).filter(fits);
  const choices = await containerChoices(client, fits);
  if (choices.length === 0) throw await noneFits();
  return pickSome(alone(title), t('Containers'), choices);
}

export async function oneContainer(
  { client }: Connected,
  target: Target,
  title: string,
  fits: (container: Container) => boolean = () => true,
): Promise<Container> {
  const [given] = containersOf(target).filter(fits);
  if (given) return given;
  const choices = await containerChoices(client, fits);
  if (choices.length === 0) throw await noneFits();
  return askPick(alone(title), { prompt: t('Container'), choices });
}

export async function someImages({ client }: Connected, target: Target, title: string): Promise<Image[]> {
  const given = imagesOf(target);
  if (given.length > 0) return given;
  const choices = await imageChoices(client);
  if (choices.length === 0) throw await noImage();
  return pickSome(alone(title), t('Images'), choices);
}

export async function oneImage({ client }: Connected, target: Target, title: string): Promise<Image> {
  const [given] = imagesOf(target);
  if (given) return given;
  const choices = await imageChoices(client);
  if (choices.length === 0) throw await noImage();
  return askPick(alone(title), { prompt: t('Image'), choices });
}

/** Told, with the way to one; to be thrown. */
export async function noImage(): Promise<Cancelled> {
  await offer(t('There is no image yet: load one from a file, or pull one from a registry.'), [
    { title: t('Load image'), id: 'isolab.image.load' },
    { title: t('Pull image'), id: 'isolab.image.pull' },
  ]);
  return new Cancelled();
}

async function noneFits(): Promise<Cancelled> {
  await offer(t('There is no container with which this could be done.'), [
    { title: t('Run a container'), id: 'isolab.container.run' },
  ]);
  return new Cancelled();
}

/** Acts on each; what went wrong with some of several is told together, with their names. */
export async function onEach<T>(
  context: Connected,
  things: readonly T[],
  nameOf: (thing: T) => string,
  act: (thing: T) => Promise<unknown>,
  said: (names: string) => string,
): Promise<void> {
  const results = await Promise.allSettled(things.map(act));
  const well: string[] = [];
  const failed: { name: string; failure: Failure }[] = [];
  for (const [at, result] of results.entries()) {
    const name = nameOf(things[at] as T);
    if (result.status === 'fulfilled') well.push(name);
    else if (result.reason instanceof Failure) failed.push({ name, failure: result.reason });
    else throw result.reason;
  }
  if (well.length > 0) done(said(well.join(', ')));
  const [first] = failed;
  if (failed.length === 1 && first && things.length === 1) throw first.failure;
  if (failed.length === 0) return;
  const told = failed.map(({ name, failure }) => `${name}: ${sentence(failure.data, t)}`);
  context.log.warn(told.join('\n'));
  void window.showErrorMessage(told.join(' '));
}

export function containerName({ name }: Container): string {
  return visible(name);
}

/** By its name where it has one, as people remember where a container came from. */
export function imageRef({ id, names: [name] }: Image): ImageRef {
  return name === undefined ? { id } : { name };
}
