// Deleting what is selected, of whatever nouns: one question that names each thing and says which are not ours, then each
// in an order in which nothing takes another with it unseen.
import { window } from 'vscode';
import { Failure } from '../../helper/rpc/contract/errors';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { Connected } from '../context';
import { type Change, copyAsCommand } from '../equivalents/copy';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { lives } from '../views/containers-nodes';
import type { Node } from '../views/nodes';
import { linkRef, netnsRef } from '../views/refs';
import { visible } from '../views/row';
import { DELETE_ORDER, type Deletable, describe, isDeletable, isForeign, lostWith } from './deletable';
import { done } from './report';

export async function deleteNodes(context: Connected, nodes: readonly Node[]): Promise<void> {
  const things = inOrder(nodes.filter(isDeletable));
  if (things.length === 0) return;
  await confirm(context, things);
  const failed: string[] = [];
  const holders: string[] = [];
  const deleted: Deletable[] = [];
  for (const thing of things) {
    try {
      holders.push(...(await remove(context, thing)));
      deleted.push(thing);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // With several things chosen, one may have taken another along: a veth its peer.
      if (error.data.kind === 'not-found' && things.length > 1) deleted.push(thing);
      else failed.push(`${describe(thing, t)}: ${sentence(error.data, t)}`);
    }
  }
  if (failed.length > 0) {
    context.log.warn(failed.join('\n'));
    void window.showErrorMessage(failed.join(' '));
  }
  if (holders.length > 0) void window.showInformationMessage(holders.join(' '));
  const [first] = deleted;
  if (!first) return;
  const count = deleted.length;
  const words = wordsFor(deleted);
  done(count === 1 ? words.done(describe(first, t)) : words.dones(count));
}

/** In which nothing takes another with it unseen. */
export function inOrder(things: readonly Deletable[]): Deletable[] {
  return things.toSorted((a, b) => DELETE_ORDER.indexOf(a.type) - DELETE_ORDER.indexOf(b.type));
}

/** Rejects with Cancelled unless the person says yes. */
async function confirm(context: Connected, things: readonly Deletable[]): Promise<void> {
  const [only] = things;
  const words = wordsFor(things);
  const question = things.length === 1 && only ? words.question(describe(only, t)) : words.questions(things.length);
  const each = things.map((thing) => {
    const name = describe(thing, t);
    return `• ${isForeign(thing) ? t('{thing} — not made by Isolab', { thing: name }) : name}`;
  });
  const alone = only && isForeign(only) ? t('Isolab did not make it.') : '';
  const detail = [...(things.length === 1 ? [alone] : each), ...lostWith(things, t)].filter(Boolean).join('\n');
  const { yes } = words;
  const copy = t('Copy as command');
  const answer = await window.showWarningMessage(question, { modal: true, detail }, yes, copy);
  if (answer === copy) await copyAsCommand(context, things.map(deletion));
  if (answer !== yes) throw new Cancelled();
}

/** Containers and images are removed, as the field has it; everything else is deleted. */
function wordsFor(things: readonly Deletable[]) {
  return things.every(({ type }) => type === 'container' || type === 'image')
    ? {
        question: (thing: string) => t('Remove {thing}?', { thing }),
        questions: (count: number) => t('Remove these {count} things?', { count }),
        yes: t('Remove'),
        done: (thing: string) => t('Removed {thing}', { thing }),
        dones: (count: number) => t('Removed {count} things', { count }),
      }
    : {
        question: (thing: string) => t('Delete {thing}?', { thing }),
        questions: (count: number) => t('Delete these {count} things?', { count }),
        yes: t('Delete'),
        done: (thing: string) => t('Deleted {thing}', { thing }),
        dones: (count: number) => t('Deleted {count} things', { count }),
      };
}

/** The request that deletes one thing. */
export function deletion(thing: Deletable): Change {
  const foreign = isForeign(thing) ? { foreign: true } : {};
  switch (thing.type) {
    case 'netns': {
      const { id, uid, names } = thing.netns;
      const identity = uid === undefined ? {} : { uid };
      const netns = names[0] === undefined ? { id, ...identity } : { name: names[0], ...identity };
      return { method: 'netns/delete', params: { netns, ...foreign } };
    }
    case 'stale':
      return { method: 'netns/delete', params: { netns: { name: thing.name }, foreign: true } };
    case 'link':
      return { method: 'link/delete', params: { link: linkRef(thing.netns, thing.link), ...foreign } };
    case 'address': {
      const address = `${thing.address.address}/${thing.address.prefix}`;
      return { method: 'address/delete', params: { link: linkRef(thing.netns, thing.link), address } };
    }
    case 'route': {
      const { destination, via, dev } = thing.route;
      const hop = { ...(via !== undefined && { via }), ...(dev !== undefined && { dev }) };
      return { method: 'route/delete', params: { netns: netnsRef(thing.netns), destination, ...hop } };
    }
    case 'container': {
      const { container } = thing;
      const force = lives(container) ? { force: true } : {};
      return { method: 'container/remove', params: { container: { id: container.id }, ...force } };
    }
    case 'image': {
      const { id, names } = thing.image;
      // All its names go: the question said them.
      const force = names.length > 1 ? { force: true } : {};
      return { method: 'image/remove', params: { image: { id }, ...force } };
    }
  }
}

/** Deletes one thing that was confirmed; the sentences about what keeps it alive. */
async function remove({ client }: Connected, thing: Deletable): Promise<string[]> {
  const { method, params } = deletion(thing);
  const result = await client.call(method, params);
  const holders = 'holders' in result ? result.holders : [];
  if (holders.length === 0 || thing.type !== 'netns') return [];
  const who = holders.map(({ comm, pid }) => `${visible(comm)} (${pid})`).join(', ');
  const name = visible(thing.netns.names[0] ?? thing.netns.id);
  return [t('{name} has lost its name, but lives on as long as these processes: {who}.', { name, who })];
}
