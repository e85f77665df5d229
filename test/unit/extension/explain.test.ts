// Hovers explain what a row is about: briefly, with a manual page, and safely beside names that are not ours.
import { describe, expect, test } from 'vitest';
import { explain, explainKind, hover } from '../../../extension/views/explain';
import { kindNodes, namespaceNode } from '../../../extension/views/namespaces-nodes';
import { insideLink, insideNetns, networkRoots, processNodes } from '../../../extension/views/networks-nodes';
import { linkNodeOf, type Node } from '../../../extension/views/nodes';
import { KINDS } from '../../../helper/rpc/contract/kinds';
import { english, HOST, LO, link, namespace, netns, process } from './samples';

const address = { family: 'inet', address: '10.0.1.1', prefix: 24, scope: 'global' } as const;
const veth = linkNodeOf({ netns: netns(), link: link({ peer: { index: 3 }, addresses: [address] }) });
const nodes: Node[] = [
  ...networkRoots({ host: HOST, netns: [netns()], stale: ['left'] }),
  ...insideNetns(netns(), [LO, veth.link, link({ kind: 'bridge' }), link({ kind: 'tun' }), link({ kind: 'vxlan' })]),
  ...insideLink(veth),
  ...kindNodes([]),
  ...processNodes('x', [process()]),
  namespaceNode(namespace('uts', '9')),
];

test.each(nodes.map((node) => [`${node.type} ${node.id}`, node] as const))(
  '%s is explained in one or two sentences',
  (_name, node) => {
    const { text: first, more, page } = explain(node, english) ?? { text: '', page: '' };
    const text = more === undefined ? first : `${first} ${more}`;
    const sentences = text.match(/\.(\s|$)/g)?.length ?? 0;
    expect([1, 2]).toContain(sentences);
    expect(text.length).toBeLessThan(180);
    expect(page).toMatch(/^[a-z][\w-]*\([1-8]\)$/);
  },
);

test('every kind has its own page and two sentences', () => {
  const all = KINDS.map((kind) => explainKind(kind, english));
  expect(new Set(all.map(({ page }) => page)).size).toBe(KINDS.length);
  for (const { text, more, page } of all) {
    expect([text, more]).toEqual([expect.stringMatching(/^[^.]+\.$/), expect.stringMatching(/^[^.]+\.$/)]);
    // A pick list has room for that much.
    expect(`${more} ${page}`.length).toBeLessThan(78);
    expect(page).toMatch(/_namespaces\(7\)$/);
  }
});

test('a message needs no explanation', () => {
  expect(explain({ type: 'message', id: 'x', level: 'empty', text: 'No routes' }, english)).toBeUndefined();
});

describe('the hover', () => {
  const about = { text: 'One end of a cable.', page: 'veth(4)' };

  test('says the facts, then what it is about', () => {
    expect(hover('veth-a', [['MTU', '1500']], about)).toBe(
      '| | |\n|:--|:--|\n| MTU | 1500 |\n\nOne end of a cable&#46; `veth(4)`',
    );
  });

  test('says the label where there are no facts, as text only', () => {
    const text = hover('[x](command:isolab.helper.shutdown) $(trash) <b>', undefined, about);
    for (const mark of ['[', ']', '<', '$']) expect(text).not.toContain(mark);
  });
});
