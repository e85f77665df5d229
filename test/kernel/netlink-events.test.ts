// Events of every namespace: heard soon, from whoever causes them, and listening changes nothing on the machine.
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { setLinkRequest } from '../../helper/netlink/link';
import { Monitor } from '../../helper/netlink/monitor';
import { NetnsNames } from '../../helper/netlink/netns-names';
import { openRtnetlinkSocket, Rtnetlink } from '../../helper/netlink/socket';
import { hostRealm } from '../../helper/realm/host';
import type { Topic } from '../../helper/rpc/contract/events';
import { close } from '../../helper/sys/libc';
import { identify, openNamespaceFile, pinNewNetns, unpinNetns, warmThreadPool } from '../../helper/sys/namespaces';
import { undoAfterEach } from '../support/cleanup';
import { ipJson, output } from '../support/run';
import { until } from '../support/until';
import { addNetns, type IpLink } from './support/ip';

const undo = undoAfterEach();

beforeAll(warmThreadPool);

describe('events', () => {
  /** A monitor, and the topics it told since they were last asked for. */
  function listen(): { heard: () => Set<Topic>; forget: () => Promise<void> } {
    const topics = new Set<Topic>();
    let last = performance.now();
    const monitor = new Monitor((told) => {
      last = performance.now();
      for (const topic of told) topics.add(topic);
    }, hostRealm());
    undo(() => monitor.close());
    /** What was still on its way must not pass for what comes next. */
    const forget = async () => {
      await until(() => performance.now() - last > 80, 'quiet');
      topics.clear();
    };
    return { heard: () => topics, forget };
  }

  test('a link set by ip(8) in a namespace made by ip(8) is heard within 500 ms', async () => {
    await addNetns(undo, 'nl-before');
    const { heard, forget } = listen();
    await addNetns(undo, 'nl-after');
    await until(() => heard().has('netns'), 'word of the new name', { timeoutMs: 500 });
    for (const name of ['nl-before', 'nl-after']) {
      await forget();
      await output(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
      await until(() => heard().has('link') && heard().has('address'), `word from ${name}`, { timeoutMs: 500 });
      await forget();
      await output(['ip', '-n', name, 'route', 'add', '10.0.0.0/8', 'dev', 'lo']);
      await until(() => heard().has('route'), `word of a route in ${name}`, { timeoutMs: 500 });
    }
    await forget();
    await output(['ip', 'link', 'set', 'lo', 'mtu', '65000']);
    undo(() => output(['ip', 'link', 'set', 'lo', 'mtu', '65536']));
    await until(() => heard().has('link'), 'word from the host', { timeoutMs: 500 });
    await forget();
    await output(['ip', 'netns', 'delete', 'nl-after']);
    await until(() => heard().has('netns'), 'word of the end', { timeoutMs: 500 });
  });

  test('listening keeps no namespace alive and numbers none in the host', async () => {
    // Other tests' namespaces may have numbers still, and lose them any time.
    const numbered = async () => (await output(['ip', 'netns', 'list-id'])).split('\n');
    const before = await numbered();
    const { heard, forget } = listen();
    await addNetns(undo, 'nl-gone');
    await addNetns(undo, 'nl-stays');
    await output(['ip', '-n', 'nl-stays', 'link', 'add', 'left', 'type', 'veth', 'peer', 'right', 'netns', 'nl-gone']);
    await forget();
    await output(['ip', '-n', 'nl-gone', 'link', 'set', 'lo', 'up']);
    await until(() => heard().has('link'), 'word from the namespace', { timeoutMs: 500 });
    expect((await numbered()).filter((line) => !before.includes(line))).toEqual([]);
    await forget();
    await output(['ip', 'netns', 'delete', 'nl-gone']);
    await until(
      async () => (await ipJson<IpLink>(['-n', 'nl-stays', 'link'])).every(({ ifname }) => ifname !== 'left'),
      'the veth to vanish with its peer',
      { timeoutMs: 500 },
    );
    await until(() => heard().has('link') && heard().has('netns'), 'word of both', { timeoutMs: 500 });
  });

  test('the directory of names may come, go and come again', async () => {
    const directory = join(await mkdtemp(join(tmpdir(), 'names-')), 'netns');
    undo(() => rm(dirname(directory), { recursive: true }));
    const found: string[] = [];
    let changes = 0;
    const names = new NetnsNames(directory, {
      changed: () => {
        changes += 1;
      },
      found: (fd) => found.push(identify(fd).id),
    });
    undo(() => names.close());
    for (const round of [1, 2]) {
      await mkdir(directory);
      // Nothing that stands there may end the helper.
      await symlink('loop', join(directory, 'loop'));
      await output(['mkfifo', join(directory, 'pipe')]);
      const { id } = pinNewNetns(join(directory, 'a'));
      await until(() => found.filter((each) => each === id).length > 0, `namespace ${round}`);
      const before = changes;
      unpinNetns(join(directory, 'a'));
      await rm(directory, { recursive: true });
      await until(() => changes > before, 'word of the end');
    }
  });

  test('more events than fit become word that anything may have changed', { timeout: 20_000 }, async () => {
    await addNetns(undo, 'nl-storm');
    const { heard, forget } = listen();
    await output(['ip', '-n', 'nl-storm', 'link', 'set', 'lo', 'up']);
    await until(() => heard().has('link'), 'word from the namespace', { timeoutMs: 500 });
    await forget();
    // Synchronous, so that nobody empties the socket meanwhile.
    const fd = openNamespaceFile('/run/netns/nl-storm');
    const rt = new Rtnetlink(openRtnetlinkSocket(fd));
    try {
      const flips = Array.from({ length: 64 }, (_, at) => setLinkRequest(1, { mtu: 60_000 + at }));
      for (let round = 0; round < 60; round += 1) rt.batch(flips);
    } finally {
      rt.close();
      close(fd);
    }
    await until(() => heard().has('neighbour'), 'word of everything');
    // And it hears on.
    await forget();
    await output(['ip', '-n', 'nl-storm', 'link', 'set', 'lo', 'down']);
    await until(() => heard().has('link'), 'word after the storm', { timeoutMs: 500 });
  });
});
