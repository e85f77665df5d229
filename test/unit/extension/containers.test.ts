// Containers and images as text: what the helper answers becomes rows, sentences for a screen reader, text to copy.
import { describe, expect, test } from 'vitest';
import { copied, FACTS } from '../../../extension/commands/copying';
import { describe as described, isDeletable, isForeign, lostWith } from '../../../extension/commands/deletable';
import { dropOf, isDraggable, isRun } from '../../../extension/commands/dropping';
import { agoText, bytesText, durationText, memoryText, modeText } from '../../../extension/views/amounts';
import { beyondNodes } from '../../../extension/views/beyond';
import { changeNodes, entryOfLayer, insideChange } from '../../../extension/views/changes-nodes';
import {
  belongingNodes,
  containerChanges,
  containerNode,
  containerNodes,
  containerProcesses,
  insideContainer,
  layerDirectories,
  limitNodes,
  mountNodes,
} from '../../../extension/views/containers-nodes';
import { signalName } from '../../../extension/views/containers-rows';
import { explain } from '../../../extension/views/explain';
import { filterOf, matches } from '../../../extension/views/filter';
import {
  configurationNodes,
  imageNode,
  imageNodes,
  insideImage,
  layerNodes,
  stepNodes,
} from '../../../extension/views/images-nodes';
import { stepText } from '../../../extension/views/images-rows';
import { processNodes } from '../../../extension/views/networks-nodes';
import type { Node } from '../../../extension/views/nodes';
import { rowOf } from '../../../extension/views/rows';
import { spoken } from '../../../extension/views/spoken';
import { usageOf, usageText } from '../../../extension/views/usage';
import type { FileChange } from '../../../helper/rpc/contract/container';
import { container, containerDetails, english, id, image, imageDetails, NOW, namespace, process } from './samples';

/** One line a row: icon and colour, label, description, what menus go by, and its mark. */
function printed(nodes: readonly Node[]): string[] {
  return nodes.map((node) => {
    const { icon, colour, label, description, context, expand, mark } = rowOf(node, english);
    const sign = { never: ' ', closed: '>', open: 'v' }[expand];
    const state = mark?.state ? ` !${mark.state}` : '';
    return `${sign} (${icon}${colour ? ` ${colour}` : ''}) ${label}${description ? ` | ${description}` : ''} [${context}]${state}`;
  });
}

function without(over: Parameters<typeof container>[0], ...keys: (keyof ReturnType<typeof container>)[]) {
  const made = { ...container(over) };
  for (const key of keys) delete made[key];
  return made;
}

const ended = (over: Parameters<typeof container>[0]) =>
  without({ state: 'exited', finishedAt: NOW - 7_200_000, ...over }, 'pid', 'startTime', 'namespaces');

describe('Containers', () => {
  test('what one ran into stands in its row while it lives, and in what is told of it afterwards', () => {
    const met = { oomKills: 1, pidsHits: 12 };
    const row = (one: ReturnType<typeof container>) => rowOf(containerNode(one, NOW), english);
    const texts = ['1 process killed: out of memory', '12 forks refused: process limit'];
    for (const text of texts) expect(row(container(met)).description).toContain(text);
    const over = row(ended({ ...met, exit: 0 }));
    expect(over.description).not.toContain('killed');
    expect(over.facts?.filter(([name]) => name === 'Ran into').map(([, text]) => text)).toEqual(texts);
  });

  test('those that live come first, the youngest first; each says how it is', () => {
    const all = [
      ended({ id: '1'.repeat(64), name: 'done', exit: 0, createdAt: 7 }),
      ended({ id: '2'.repeat(64), name: 'failed', exit: 3, createdAt: 6 }),
      ended({ id: '3'.repeat(64), name: 'killed', signal: 9, createdAt: 5 }),
      ended({ id: 'b'.repeat(64), name: 'crashed', signal: 11, createdAt: 4.5 }),
      ended({ id: '4'.repeat(64), name: 'greedy', signal: 9, oomKilled: true, createdAt: 4 }),
      ended({ id: '5'.repeat(64), name: 'unseen', createdAt: 3 }),
      without({ id: '6'.repeat(64), name: 'new', state: 'created', createdAt: NOW - 60_000 }, 'startedAt'),
      container({ id: '7'.repeat(64), name: 'still', state: 'paused', createdAt: 1 }),
      container({ id: '8'.repeat(64), name: 'web', createdAt: 2, tty: false }),
      without({
        id: '9'.repeat(64),
        name: 'broken',
        state: 'created',
        createdAt: 2,
        failure: { kind: 'denied', step: 'exec', errno: 'EACCES' },
      }),
      container({ id: 'a'.repeat(64), name: 'half', state: 'dead', createdAt: 0 }),
      ended({ id: 'c'.repeat(64), name: 'again', state: 'restarting', exit: 1, restartAt: NOW + 4000, createdAt: -1 }),
      container({ id: 'd'.repeat(64), name: 'well', health: { status: 'healthy', failures: 0 }, createdAt: 0.5 }),
      container({ id: 'e'.repeat(64), name: 'ill', health: { status: 'unhealthy', failures: 3 }, createdAt: 0.4 }),
    ];
    expect(printed(containerNodes(all, NOW))).toEqual([
      '> (vm-running charts.green) web | up 5 min · busybox:1.36 [container running alive]',
      '> (debug-pause charts.yellow) still | paused, up 5 min · busybox:1.36 [container paused alive tty] !paused',
      '> (vm-running charts.green) well | up 5 min, healthy · busybox:1.36 [container running alive tty]',
      '> (vm-running charts.orange) ill | up 5 min, unhealthy · busybox:1.36 [container running alive tty] !unhealthy',
      '> (vm-outline disabledForeground) new | created 1 min ago · busybox:1.36 [container created ended tty] !stopped',
      '> (vm disabledForeground) done | exit 0, 2 h ago · busybox:1.36 [container exited ended tty] !stopped',
      '> (vm charts.red) failed | exit 3, 2 h ago · busybox:1.36 [container exited ended tty] !failed',
      '> (vm disabledForeground) killed | ended by SIGKILL, 2 h ago · busybox:1.36 [container exited ended tty] !stopped',
      '> (vm charts.red) crashed | ended by SIGSEGV, 2 h ago · busybox:1.36 [container exited ended tty] !failed',
      '> (vm charts.red) greedy | killed: out of memory, 2 h ago · busybox:1.36 [container exited ended tty] !failed',
      '> (vm disabledForeground) unseen | end unknown, 2 h ago · busybox:1.36 [container exited ended tty] !stopped',
      '> (vm charts.red) broken | did not start: running the program · busybox:1.36 [container created ended tty] !failed',
      '> (warning list.warningForeground) half | not wholly removed · busybox:1.36 [container dead ended tty] !stale',
      '> (debug-restart charts.yellow) again | exit 1, starts again in 4 s · busybox:1.36 [container restarting waiting tty]',
    ]);
  });

  test('the living ones say what they use: processors, and memory with its limit', () => {
    const first = { at: 1000, cpu: { usage: 0, periods: 0, throttledPeriods: 0, throttled: 0 } };
    const memory = { workingSet: 4.5 * 1024 ** 2, usage: 9e6, limit: 64 * 1024 ** 2, limitHits: 0, oomKills: 0 };
    const second = { at: 3000, cpu: { ...first.cpu, usage: 500_000_000 }, memory };
    expect(usageOf(first, undefined)).toEqual({});
    const usage = usageOf(second, first);
    expect(usageText(usage, english)).toBe('0.25 CPUs · 4.5 MiB of 64 MiB');
    // Counters of a run before this one.
    expect(usageOf(first, second)).toEqual({});
    const rows = [container(), ended({ exit: 0 })].map((each) => ({ ...containerNode(each, NOW), usage }));
    expect(rows.map((node) => rowOf(node, english).description)).toEqual([
      'up 5 min · busybox:1.36 · 0.25 CPUs · 4.5 MiB of 64 MiB',
      'exit 0, 2 h ago · busybox:1.36',
    ]);
  });

  test('rows keep their ids while what they say changes', () => {
    const before = containerNode(container(), NOW);
    const after = containerNode(container({ state: 'paused', name: 'other' }), NOW + 9999);
    expect(after.id).toBe(before.id);
    expect(new Set(insideContainer(container()).map((node) => node.id)).size).toBe(6);
  });

  test('what does not live has neither processes nor namespaces', () => {
    expect(printed(insideContainer(container()))).toEqual([
      '> (server-process) Processes [inside processes]',
      '> (shield) Namespaces [inside namespaces]',
      '> (folder-library) Mounts [inside mounts]',
      '> (dashboard) Limits [inside limits]',
      '> (files) Files [inside files]',
      '> (diff) Changes since the image [inside changes]',
    ]);
    expect(insideContainer(ended({})).map(({ group }) => group)).toEqual(['mounts', 'limits', 'files', 'changes']);
  });

  test('its processes are those of the machine, where these are known', () => {
    const inside = { pid: 4711, startTime: '100', inside: 1, ppid: 1, uid: 0, comm: 'sh', command: '/bin/sh' };
    const other = { ...inside, pid: 4712, startTime: '101', inside: 7, comm: 'sleep' };
    const known = process({ pids: [4711, 1], startTime: '100' });
    const recycled = process({ pid: 4712, startTime: '999' });
    const found = containerProcesses([inside, other], [known, recycled]);
    expect(found[0]).toBe(known);
    expect(printed(processNodes('x', found))).toEqual([
      '> (terminal) bash | pid 4711 · inside 1 [process]',
      '> (terminal) sleep | pid 4712 · inside 7 [process]',
    ]);
  });

  test('each namespace says whose it is', () => {
    const other = container({ id: 'd'.repeat(64), name: 'db', namespaces: { uts: id('12') } });
    const namespaces = [
      namespace('user', '1', { host: true }),
      namespace('net', '13', { names: ['blue'] }),
      namespace('mnt', '11'),
    ];
    const nodes = belongingNodes(container(), [container(), other], namespaces);
    expect(printed(nodes)).toEqual([
      '  (folder-library charts.green) mnt | 11 · own [belonging mnt isolated]',
      '  (tag charts.yellow) uts | 12 · shared with db [belonging uts isolated]',
      '  (globe charts.yellow) net | 13 · blue [belonging net isolated]',
      '  (account) user | 1 · host [belonging user host]',
    ]);
    const [bash] = processNodes('x', [process()]);
    const net = nodes.find(({ kind }) => kind === 'net');
    expect(bash && net && dropOf([bash], net)?.ground).toEqual({ kind: 'net', id: '13', names: ['blue'], host: false });
  });

  test('mounts: the root with its layers from the top down, then the others', () => {
    const details = containerDetails({
      readonly: true,
      mounts: [
        { type: 'tmpfs', target: '/tmp', readonly: false, size: 64 * 1024 * 1024 },
        { type: 'bind', target: '/srv', source: '/home/me', readonly: true },
      ],
    });
    const nodes = mountNodes(details);
    expect(printed(nodes)).toEqual([
      '> (layers) / | overlay · 2 layers · read-only [mount overlay]',
      '  (folder-library) /srv | bind · ← /home/me · read-only [mount bind]',
      '  (zap) /tmp | tmpfs · 64 MiB [mount tmpfs]',
    ]);
    const [root] = nodes;
    expect(root && printed(layerDirectories(root))).toEqual([
      '  (edit) upperdir | /data/containers/c0ffee/upper [directory]',
      '  (lock) lowerdir 2 | /data/layers/bb [directory]',
      '  (lock) lowerdir 1 | /data/layers/aa [directory]',
    ]);
  });

  test('limits that there are', () => {
    const limits = {
      memory: 64 * 1024 * 1024,
      swap: 'unlimited' as const,
      cpus: 0.5,
      pids: 100,
      cpuShares: 1024,
      blkioWeight: 500,
      cpusetCpus: '0-1',
      blkioReadBps: [{ major: 8, minor: 0, rate: 1000 }],
      devices: [{ type: 'c' as const, major: 1, minor: 'any' as const, access: 'rw' }],
    };
    expect(limitNodes(containerDetails({ limits }), english).map(({ what, value }) => `${what}: ${value}`)).toEqual([
      'Memory: 64 MiB',
      'Processors: 0.5',
      'Processors allowed: 0-1',
      'Processes: 100',
      'Reading: 8:0 1000 B/s',
      'Devices: c 1:* rw',
    ]);
    expect(limitNodes(containerDetails(), english)).toEqual([]);
  });
});

describe('changes', () => {
  const changes: FileChange[] = [
    { path: '/etc', change: 'changed', type: 'd' },
    { path: '/etc/hosts', change: 'changed', type: '-', size: 1500 },
    { path: '/etc/old', change: 'deleted' },
    { path: '/etc/new', change: 'added', type: 'l' },
    // A directory that is not listed itself.
    { path: '/var/lib/a b', change: 'added', type: '-', size: 0 },
    { path: '/bin', change: 'added', type: 'd' },
  ];

  test('stand below their folders, folders first', () => {
    const top = containerChanges(container(), changes);
    expect(printed(top)).toEqual([
      '  (symbol-folder) bin [change added] !added',
      '> (symbol-folder) etc [change changed] !changed',
      '> (symbol-folder) var [change leading]',
    ]);
    const inside = (at: number) => (top[at] ? insideChange(top[at]) : []);
    expect(printed(inside(1))).toEqual([
      '  (symbol-file) hosts | 1.5 kB [change changed comparable] !changed',
      '  (file-symlink-file) new [change added] !added',
      '  (trash) old [change deleted comparable] !deleted',
    ]);
    const [lib] = inside(2);
    expect(lib && printed(insideChange(lib))).toEqual(['  (symbol-file) a b | 0 B [change added comparable] !added']);
  });

  test('of one name do not swallow those of a longer one', () => {
    const two = [
      { path: '/a', change: 'added', kind: 'directory' },
      { path: '/ab', change: 'added', kind: 'file' },
    ] as const;
    expect(changeNodes('x', two, '/a')).toEqual([]);
  });

  test('of a layer say what they are', () => {
    const entries = (
      [
        { path: '/bin/sh', change: 'added', type: 'symlink', target: 'busybox', mode: 0o777, uid: 0, gid: 0 },
        { path: '/bin/busybox', change: 'added', type: 'file', size: 1_000_000, mode: 0o4755, uid: 0, gid: 0 },
        { path: '/bin/sub', change: 'changed', type: 'directory', opaque: true },
        { path: '/bin/gone', change: 'deleted' },
      ] as const
    ).map(entryOfLayer);
    const [bin] = changeNodes('image/x/layers/1', entries, '/');
    expect(bin && printed([bin])).toEqual(['> (symbol-folder) bin [change leading]']);
    const nodes = bin ? insideChange(bin) : [];
    expect(printed(nodes)).toEqual([
      '  (symbol-folder) sub | hides what is below [change changed] !changed',
      '  (symbol-file) busybox | 1 MB [change added] !added',
      '  (trash) gone [change deleted] !deleted',
      '  (file-symlink-file) sh | → busybox [change added] !added',
    ]);
    expect(rowOf(nodes[1] as Node, english).facts).toContainEqual(['Mode', '4755']);
  });

  test('with names that drive terminals are shown escaped', () => {
    const nodes = containerChanges(container(), [{ path: '/a\u001b[31m\n', change: 'added', type: '-' }]);
    expect(rowOf(nodes[0] as Node, english).label).toBe('a\\x1b[31m\\x0a');
  });
});

describe('Images', () => {
  test('those with a name by name, then the others; no age where the date is made up', () => {
    const all = [
      image({ id: '0'.repeat(64), names: [], created: '1970-01-01T00:00:00Z' }),
      image({ names: ['web:10'] }),
      image({ names: ['web:2', 'web:latest'], usedBy: ['web', 'db'] }),
    ];
    expect(printed(imageNodes(all, NOW))).toEqual([
      '> (package) web:2 | also web:latest · 4.26 MB · 7 d ago · 2 containers [image named used]',
      '> (package) web:10 | 4.26 MB · 7 d ago [image named unused]',
      '> (archive) 000000000000 | 4.26 MB [image nameless unused] !nameless',
    ]);
  });

  test('layers from the top down, history the youngest first, the configuration as it is used', () => {
    expect(printed(insideImage(image()))).toEqual([
      '> (layers) Layers | 2 [part layers]',
      '> (files) Files [part files]',
      '> (history) History [part history]',
      '> (settings) Configuration [part configuration]',
    ]);
    expect(printed(layerNodes(imageDetails()))).toEqual([
      '> (versions) Layer 2 | 262 kB · mkdir /srv · shared [layer]',
      '> (versions) Layer 1 | 4 MB · ADD file:1 in / [layer]',
    ]);
    expect(printed(stepNodes(imageDetails(), NOW))).toEqual([
      '  (git-commit) mkdir /srv | layer 2 · 7 d ago [step]',
      '  (settings) CMD ["sh"] | configuration only [step]',
      '  (git-commit) ADD file:1 in / | layer 1 · 8 d ago [step]',
    ]);
    const details = configurationNodes(imageDetails(), english);
    expect(details.map(({ what, value }) => `${what}: ${value}`)).toEqual([
      'Command: sh',
      'Environment: PATH=/bin',
      'Port: 80/tcp',
      'Label: stage=test',
      'Platform: linux/amd64',
      `Manifest: sha256:${'cd'.repeat(32)}`,
    ]);
    expect(new Set(details.map((node) => node.id)).size).toBe(details.length);
  });

  test('a step says its line, and what people said about it', () => {
    expect(stepText({ comment: 'imported' })).toBe('imported');
    expect(stepText({ createdBy: 'commit', comment: 'another\ngreeting' })).toBe('commit — another\\x0agreeting');
    expect(stepText({ createdBy: 'RUN x', comment: 'buildkit.dockerfile.v0' })).toBe('RUN x');
    expect(stepText({})).toBe('');
  });
});

const [pidNode] = belongingNodes(container(), [], [namespace('mnt', '11')]);
const [rootNode] = mountNodes(containerDetails());
const [layerNode] = layerNodes(imageDetails());
const [stepNode] = stepNodes(imageDetails(), NOW);
const [detailNode] = configurationNodes(imageDetails(), english);
const [changeNode] = containerChanges(container(), [{ path: '/etc', change: 'changed', type: 'd' }]);
const ALL = [
  containerNode(container(), NOW),
  ...insideContainer(container()).slice(0, 1),
  pidNode,
  rootNode,
  ...(rootNode ? layerDirectories(rootNode).slice(0, 2) : []),
  changeNode,
  imageNode(image({ names: ['a:1', 'b:1'], usedBy: ['web'] }), NOW),
  ...insideImage(image()).slice(0, 1),
  layerNode,
  stepNode,
  detailNode,
].filter((node) => node !== undefined);

describe('every row', () => {
  test('is a sentence for a screen reader', () => {
    expect(ALL.map((node) => spoken(node, english))).toEqual([
      'Container web, up 5 min, image busybox:1.36',
      'Processes of container web',
      'mnt namespace 11, own',
      'Mount /, overlay, writable',
      'Writable layer, directory /data/containers/c0ffee/upper',
      'Read-only layer 2, directory /data/layers/bb',
      '/etc, directory, changed',
      'Image a:1, also b:1, 4.26 MB, made 7 d ago, used by 1 container',
      'Layers of image busybox:1.36',
      'Layer 2 of image busybox:1.36, 262 kB, mkdir /srv, shared',
      'Step mkdir /srv, layer 2',
      'Command sh',
    ]);
  });

  test('gives its main text and its facts to the clipboard', () => {
    const table = ALL.map((node) => FACTS.map((what) => copied(node, what).join('+') || '-').join(' | '));
    const [whole, image64] = [container().id, 'ab'.repeat(32)];
    expect(table).toEqual([
      `web | web | ${whole} | - | 4711`,
      'processes | - | - | - | -',
      'mnt:[11] | - | 11 | - | -',
      '/ | - | - | - | -',
      '/data/containers/c0ffee/upper | - | - | - | -',
      '/data/layers/bb | - | - | - | -',
      '/etc | etc | - | - | -',
      `a:1 | a:1 | ${image64} | - | -`,
      'layers | - | - | - | -',
      'sha256:22 | - | sha256:12 | - | -',
      'mkdir /srv | - | - | - | -',
      'sh | Command | - | - | -',
    ]);
  });

  test('is explained where it needs to be', () => {
    const explained = ALL.filter((node) => explain(node, english)).map(({ type }) => type);
    expect(explained).toEqual(['container', 'belonging', 'mount', 'image', 'layer']);
  });
});

test('where there can be no containers, a row says why', () => {
  const features = [{ name: 'containers', present: false, reason: { code: 'needs-host-realm' } }];
  expect(printed(beyondNodes(features, 'containers'))).toEqual([
    '  (vm-outline disabledForeground) Containers | needs root [beyond containers] !beyond',
  ]);
  expect(beyondNodes([{ name: 'containers', present: true }], 'containers')).toEqual([]);
});

test('an image is dragged to the containers to be run, and nowhere else', () => {
  const row = imageNode(image(), NOW);
  expect(ALL.filter(isDraggable).map(({ type }) => type)).toEqual(['image']);
  expect([isRun([row], 'containers'), isRun([row], 'images'), isRun([row, row], 'containers')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(dropOf([row], containerNode(container(), NOW))).toBeUndefined();
});

describe('removing', () => {
  test('names the thing, and what goes with it', () => {
    const things = [
      containerNode(container(), NOW),
      containerNode(ended({ name: 'old' }), NOW),
      imageNode(image({ names: ['a:1', 'b:1'] }), NOW),
      imageNode(image({ names: [] }), NOW),
    ];
    expect(things.filter(isDeletable)).toEqual(things);
    expect(things.some(isForeign)).toBe(false);
    expect(things.map((thing) => described(thing, english))).toEqual([
      'container web, which is killed first',
      'container old',
      'image a:1, also named b:1',
      'image abababababab',
    ]);
    expect(lostWith(things, english)).toEqual(['What was written in a container is lost with it.']);
    expect(lostWith(things.slice(2), english)).toEqual([]);
  });
});

test('a filter finds containers by name, image, id, command and state, images by any name and id', () => {
  const web = containerNode(container(), NOW);
  const found = (node: Node, text: string) => {
    const filter = filterOf(text);
    return filter !== undefined && matches(node, filter, english);
  };
  for (const text of ['WEB', 'busybox', 'c0ffee', 'sleep', 'up'])
    expect([text, found(web, text)]).toEqual([text, true]);
  expect(found(web, 'exit')).toBe(false);
  const both = imageNode(image({ names: ['a:1', 'b:1'] }), NOW);
  for (const text of ['b:1', 'abab']) expect([text, found(both, text)]).toEqual([text, true]);
});

describe('amounts', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [999_600, '1 MB'],
    [1_234_567, '1.23 MB'],
    [5e15, '5000 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  test.each([
    [1024, '1 KiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [256 * 1024 ** 2, '256 MiB'],
  ])('%d bytes of memory are %s', (bytes, text) => {
    expect(memoryText(bytes)).toBe(text);
  });

  test.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [3_600_000, '1 h'],
    [49 * 3_600_000, '2 d'],
    [120 * 86_400_000, '4 mo'],
    [800 * 86_400_000, '2 y'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(durationText(milliseconds, english)).toBe(text);
  });

  test('permissions, times gone by, and signals', () => {
    expect(modeText(0o755)).toBe('0755');
    expect(agoText(NOW - 5000, NOW, english)).toBe('5 s ago');
    expect([signalName(9), signalName(60)]).toEqual(['SIGKILL', '60']);
  });
});
