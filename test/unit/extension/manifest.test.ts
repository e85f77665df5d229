// package.json, the commands, and both languages say the same.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../extension/commands/ids';
import { changeNodes } from '../../../extension/views/changes-nodes';
import {
  belongingNodes,
  containerNode,
  insideContainer,
  layerDirectories,
  limitNodes,
  mountNodes,
} from '../../../extension/views/containers-nodes';
import { fileNodes } from '../../../extension/views/files-nodes';
import {
  configurationNodes,
  imageNode,
  insideImage,
  layerNodes,
  stepNodes,
} from '../../../extension/views/images-nodes';
import { membershipNodes, namespaceNode } from '../../../extension/views/namespaces-nodes';
import {
  insideLink,
  insideNetns,
  neighbourNodes,
  networkRoots,
  processNodes,
  routeNodes,
} from '../../../extension/views/networks-nodes';
import { linkNodeOf, type Node, VIEWS } from '../../../extension/views/nodes';
import { rowOf } from '../../../extension/views/rows';
import {
  container,
  containerDetails,
  english,
  fileEntry,
  HOST,
  id,
  image,
  imageDetails,
  LO,
  link,
  NOW,
  namespace,
  netns,
  process,
} from './samples';

const ROOT = join(import.meta.dirname, '../../..');

interface Item {
  command: string;
  when?: string;
}
interface Manifest {
  contributes: {
    commands: { command: string; title: string; category: string; enablement?: string; icon?: string }[];
    menus: Record<string, Item[]>;
    keybindings: (Item & { key: string; args?: string })[];
    views: Record<string, { id: string; icon: string }[]>;
    viewsWelcome: { view: string; contents: string; when: string }[];
    terminal: { profiles: { id: string }[] };
  };
  capabilities: { untrustedWorkspaces: { supported: string } };
  extensionKind: string[];
}

const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
const { contributes, capabilities, extensionKind } = JSON.parse(text) as Manifest;
const plain = read('package.nls.json');
const chinese = read('package.nls.zh-cn.json');
const sources = readdirSync(join(ROOT, 'extension'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(ROOT, 'extension', path), 'utf8'));

function read(name: string): Record<string, string> {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8')) as Record<string, string>;
}

/** `{name}` and links of a text, sorted: a translation must keep them. */
function holes(sentence: string): string[] {
  return [...sentence.matchAll(/\{\w+\}|\(command:[\w.]+\)/g)].map(([hole]) => hole).sort();
}

/** A row of every type, in every state that menus tell apart. */
function everyRow() {
  const peer = { index: 3, netns: { id: id('5'), names: ['blue'], host: false } };
  const address = { family: 'inet', address: '10.0.1.1', prefix: 24, scope: 'global' } as const;
  const route = { family: 'inet', destination: 'default', protocol: 'boot', scope: 'global', type: 'unicast' } as const;
  const veth = linkNodeOf({ netns: netns(), link: link({ peer, addresses: [address] }) });
  const nodes: Node[] = [
    ...networkRoots({ host: HOST, netns: [netns()], stale: ['left'] }),
    ...insideNetns(netns(), [LO, veth.link]),
    ...insideLink(veth),
    ...routeNodes(netns(), [route]),
    ...neighbourNodes(netns(), [{ family: 'inet', address: '10.0.1.2', dev: 'veth-a', index: 2, state: 'stale' }]),
    namespaceNode(namespace('uts', '9')),
    { type: 'beyond', id: 'beyond/host-network', what: 'host-network', reason: { code: 'x' } },
    ...(['created', 'running', 'paused', 'restarting', 'exited', 'dead'] as const).map((state) =>
      containerNode(container({ state }), NOW),
    ),
    ...insideContainer(container()),
    ...belongingNodes(container(), [], []),
    ...mountNodes(containerDetails()).flatMap((node) => [node, ...layerDirectories(node)]),
    ...limitNodes(containerDetails({ limits: { pids: 5 } }), english),
    ...changeNodes('x', [{ path: '/a', change: 'added', kind: 'file' }], '/', container()),
    ...fileNodes('x', { container: { id: 'c' } }, '/', [fileEntry(), fileEntry({ type: 'directory' })]),
    ...[image(), image({ names: [] })].map((each) => imageNode(each, NOW)),
    ...insideImage(image()),
    ...layerNodes(imageDetails()),
    ...stepNodes(imageDetails(), NOW),
    ...configurationNodes(imageDetails(), english),
    ...processNodes('x', [process()]).flatMap((node) => [node, ...membershipNodes(node, undefined)]),
  ];
  return nodes.map((node) => rowOf(node, english));
}

describe('commands', () => {
  const ids = Object.keys(COMMANDS).sort();

  test('contributed and handled ones are the same', () => {
    expect(contributes.commands.map(({ command }) => command).sort()).toEqual(ids);
  });

  test('what changes something or starts the helper is disabled in an untrusted workspace, looking is not', () => {
    for (const { command, enablement } of contributes.commands) {
      const need = COMMANDS[command as keyof typeof COMMANDS];
      expect([command, enablement]).toEqual([
        command,
        need === 'change' || need === 'start' ? 'isWorkspaceTrusted' : undefined,
      ]);
    }
  });

  test('menus, keys and welcome texts name commands that exist', () => {
    const named = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].map(
      ({ command }) => command,
    );
    const linked = [plain, chinese].flatMap((strings) =>
      Object.values(strings).flatMap((value) =>
        [...value.matchAll(/\(command:(isolab[\w.]+)\)/g)].map((match) => match[1]),
      ),
    );
    const inSources = sources.flatMap((source) =>
      [...source.matchAll(/'(isolab(?:\.\w+){2})'/g)].map((match) => match[1]),
    );
    const views = VIEWS.flatMap((view) => [`isolab.${view}`, `isolab.${view}.focus`]);
    const other = ['isolab.helper', 'isolab.shell', ...views];
    const unknown = [...named, ...linked, ...inSources].filter((id) => id && !ids.includes(id) && !other.includes(id));
    expect(unknown).toEqual([]);
  });

  test('every command is in the palette but those that need a selection', () => {
    const hidden = (contributes.menus.commandPalette ?? []).filter(({ when }) => when === 'false');
    const selection = ids.filter((id) => id.startsWith('isolab.selection.'));
    expect(hidden.map(({ command }) => command).sort()).toEqual(selection);
  });

  test('keys act in the views they are meant for, and tell which', () => {
    for (const { command, key, args, when = '' } of contributes.keybindings) {
      const view = /focusedView == isolab\.(\w+)/.exec(when)?.[1];
      expect([key, VIEWS.some((each) => each === view)]).toEqual([key, true]);
      expect(when).toContain('listFocus && !inputFocus');
      if (command.startsWith('isolab.selection.')) expect([key, args]).toEqual([key, view]);
    }
  });

  test('inline actions have icons', () => {
    const icons = new Map(contributes.commands.map(({ command, icon }) => [command, icon]));
    const inline = (contributes.menus['view/item/context'] ?? []).filter((item) =>
      JSON.stringify(item).includes('inline'),
    );
    expect(inline.length).toBeGreaterThan(0);
    for (const { command } of inline)
      expect([command, icons.get(command)]).toEqual([command, expect.stringMatching(/^\$\(.+\)$/)]);
  });

  test('row menus ask for words that rows have', () => {
    const words = new Set(everyRow().flatMap(({ context }) => context.split(' ')));
    const asked = (contributes.menus['view/item/context'] ?? []).flatMap(({ when = '' }) =>
      [...when.matchAll(/viewItem =~ \/(.*?)\//g)].flatMap(
        (match) => match[1]?.replaceAll('\\b', '').match(/[a-z]+/g) ?? [],
      ),
    );
    expect(asked.length).toBeGreaterThan(0);
    expect([...new Set(asked)].filter((word) => !words.has(word))).toEqual([]);
  });
});

describe('the manifest', () => {
  // Which settings such a workspace may make stands in settings.test.ts.
  test('says that an untrusted workspace is looked at only', () => {
    expect(capabilities.untrustedWorkspaces.supported).toBe('limited');
    expect(extensionKind).toEqual(['workspace']);
  });

  test('names files that are there', () => {
    const files = [...text.matchAll(/"(media\/[^"]+)"/g)].map((match) => match[1] as string);
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

describe('languages', () => {
  test('the manifest’s strings are there in both, each used, with the same holes', () => {
    const used = [...new Set([...text.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1] as string))].sort();
    expect(Object.keys(plain).sort()).toEqual(used);
    expect(Object.keys(chinese).sort()).toEqual(used);
    for (const key of used) expect([key, holes(chinese[key] ?? '')]).toEqual([key, holes(plain[key] ?? '')]);
  });

  test('nothing is left in English', () => {
    const same = Object.keys(chinese).filter((key) => chinese[key] === plain[key]);
    expect(same).toEqual(['container.title']);
  });

  test('every sentence of the extension has a Chinese one with the same holes', () => {
    const bundle = read('l10n/bundle.l10n.zh-cn.json');
    const sentences = new Set(
      sources.flatMap((source) =>
        [...source.matchAll(/\bt\(\s*'((?:\\.|[^'\\])*)'/g)].map((match) => match[1] as string),
      ),
    );
    expect(sentences.size).toBeGreaterThan(150);
    const wrong = [...sentences].filter((sentence) => {
      const translated = bundle[sentence];
      return translated === undefined || JSON.stringify(holes(translated)) !== JSON.stringify(holes(sentence));
    });
    expect(wrong).toEqual([]);
  });

  test('no sentence is built where the check above could not see it', () => {
    const hidden = sources.flatMap((source) => [...source.matchAll(/\bt\(\s*[^'\s)]/g)].map(([call]) => call));
    expect(hidden.filter((call) => call !== 't(m')).toEqual([]);
  });
});
