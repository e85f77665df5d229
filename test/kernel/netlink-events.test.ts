// Events of every namespace: heard soon, from whoever causes them, and listening changes nothing on the machine.
import { beforeAll, describe, expect, test } from 'vitest';
import { setLinkRequest } from '../../helper/netlink/link';
import { Monitor } from '../../helper/netlink/monitor';
import { Rtnetlink } from '../../helper/netlink/socket';
import type { Topic } from '../../helper/rpc/contract/events';
import { close } from '../../helper/sys/libc';
import { openNamespaceFile, warmThreadPool } from '../../helper/sys/namespaces';
import { undoAfterEach } from '../support/cleanup';
import { ipJson, output } from '../support/run';
import { until } from '../support/until';
import { addNetns, type IpLink } from './support/ip';

const undo = undoAfterEach();

beforeAll(warmThreadPool);

describe('events', () => {
  /** A monitor, and the topics it told since they were last asked for. */
  function listen(): { heard: () => Set<Topic>; forget: () => void } {
    const topics = new Set<Topic>();
    const monitor = new Monitor((told) => {
      for (const topic of told) topics.add(topic);
    });
    undo(() => monitor.close());
    return { heard: () => topics, forget: () => topics.clear() };
  }

  test('a link set by ip(8) in a namespace made by ip(8) is heard within 500 ms', async () => {
    await addNetns(undo, 'nl-before');
    const { heard, forget } = listen();
    await addNetns(undo, 'nl-after');
    await until(() => heard().has('netns'), 'word of the new name', { timeoutMs: 500 });
    for (const name of ['nl-before', 'nl-after']) {
      forget();
      await output(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
      await until(() => heard().has('link') && heard().has('address'), `word from ${name}`, { timeoutMs: 500 });
      forget();
      await output(['ip', '-n', name, 'route', 'add', '10.0.0.0/8', 'dev', 'lo']);
      await until(() => heard().has('route'), `word of a route in ${name}`, { timeoutMs: 500 });
    }
    forget();
    await output(['ip', 'link', 'set', 'lo', 'mtu', '65000']);
    undo(() => output(['ip', 'link', 'set', 'lo', 'mtu', '65536']));
    await until(() => heard().has('link'), 'word from the host', { timeoutMs: 500 });
    forget();
    await output(['ip', 'netns', 'delete', 'nl-after']);
    await until(() => heard().has('netns'), 'word of the end', { timeoutMs: 500 });
  });

  test('listening keeps no namespace alive and numbers none in the host', async () => {
    const { heard, forget } = listen();
    await addNetns(undo, 'nl-gone');
    await addNetns(undo, 'nl-stays');
    await output(['ip', '-n', 'nl-stays', 'link', 'add', 'left', 'type', 'veth', 'peer', 'right', 'netns', 'nl-gone']);
    forget();
    await output(['ip', '-n', 'nl-gone', 'link', 'set', 'lo', 'up']);
    await until(() => heard().has('link'), 'word from the namespace', { timeoutMs: 500 });
    expect((await output(['ip', 'netns', 'list-id'])).trim()).toBe('');
    forget();
    await output(['ip', 'netns', 'delete', 'nl-gone']);
    await until(
      async () => (await ipJson<IpLink>(['-n', 'nl-stays', 'link'])).every(({ ifname }) => ifname !== 'left'),
      'the veth to vanish with its peer',
      { timeoutMs: 500 },
    );
    await until(() => heard().has('link') && heard().has('netns'), 'word of both', { timeoutMs: 500 });
  });

  test('more events than fit become word that anything may have changed', { timeout: 20_000 }, async () => {
    await addNetns(undo, 'nl-storm');
    const { heard, forget } = listen();
    await output(['ip', '-n', 'nl-storm', 'link', 'set', 'lo', 'up']);
    await until(() => heard().has('link'), 'word from the namespace', { timeoutMs: 500 });
    forget();
    // Synchronous, so that nobody empties the socket meanwhile.
    const fd = openNamespaceFile('/run/netns/nl-storm');
    const rt = Rtnetlink.open(fd);
    try {
      const flips = Array.from({ length: 64 }, (_, at) => setLinkRequest(1, { mtu: 60_000 + at }));
      for (let round = 0; round < 60; round += 1) rt.batch(flips);
    } finally {
      rt.close();
      close(fd);
    }
    await until(() => heard().has('neighbour'), 'word of everything');
    // And it hears on.
    forget();
    await output(['ip', '-n', 'nl-storm', 'link', 'set', 'lo', 'down']);
    await until(() => heard().has('link'), 'word after the storm', { timeoutMs: 500 });
  });
});
