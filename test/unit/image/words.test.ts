// Names, configurations, the index, skopeo's arguments and words: the parts of images that are only data.
import { describe, expect, test } from 'vitest';
import { changes, image, merged } from '../../../helper/cli/image-refs';
import { bytes } from '../../../helper/cli/text';
import { ImageName } from '../../../helper/rpc/contract/image';
import { changed, extended, historyOf, normalised, ownPlatform } from '../../../helper/services/image/config';
import { Config, read } from '../../../helper/services/image/documents';
import { withImages, withName, withoutName } from '../../../helper/services/image/index-entries';
import { annotatedName, candidates, splitTag, withTag } from '../../../helper/services/image/names';
import { lastWords, skopeoArguments } from '../../../helper/services/image/skopeo';
import { packingOf } from '../../../helper/services/image/work/inflate';

describe('names', () => {
  test.each([
    'busybox',
    'busybox:1.36',
    'a/b/c:d',
    'localhost/x',
    'localhost:5000/x:y',
    'host.example/a_b/c--d',
    '127.0.0.1:80/x',
    'Host.Example:1/x',
  ])('%s is one', (name) => expect(ImageName.safeParse(name).success).toBe(true));
  test.each([
    '',
    '-x',
    'A',
    'a//b',
    'a/',
    '/a',
    'a:',
    'a:b:c',
    'a b',
    'a@sha256:0',
    '../a',
    'a..b',
    `a:${'x'.repeat(129)}`,
  ])('“%s” is none', (name) => expect(ImageName.safeParse(name).success).toBe(false));

  test('have a tag, and are found as docker and podman write them out', () => {
    expect(withTag('localhost:5000/x')).toBe('localhost:5000/x:latest');
    expect(splitTag('host:1/a/b:c')).toEqual({ path: 'host:1/a/b', tag: 'c' });
    expect(candidates('x')).toEqual(['x:latest', 'localhost/x:latest', 'docker.io/library/x:latest']);
    expect(candidates('docker.io/library/x:1')).toEqual(['docker.io/library/x:1', 'x:1']);
    expect(candidates('docker.io/a/x:1')).toEqual(['docker.io/a/x:1', 'a/x:1']);
    expect(candidates('quay.io/a/x:1')).toEqual(['quay.io/a/x:1']);
  });

  test('in annotations: a bare tag is no name', () => {
    expect(annotatedName('docker.io/library/x:1', '1')).toBe('docker.io/library/x:1');
    expect(annotatedName(undefined, 'x:1')).toBe('x:1');
    expect(annotatedName(undefined, 'x')).toBe('x:latest');
    for (const tag of ['latest', '1.36', 'v2', undefined, '$(x)'])
      expect(annotatedName(undefined, tag)).toBeUndefined();
  });
});

describe('configurations', () => {
  const config = (run: object, more: object = {}) =>
    read(
      Config,
      Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: run, rootfs: {}, ...more })),
      'c',
    );

  test('as Go writes them: null is nothing', () => {
    const run = {
      Entrypoint: null,
      Cmd: ['a'],
      Env: null,
      Labels: null,
      ExposedPorts: { '80/tcp': {} },
      Volumes: null,
    };
    expect(normalised(config(run).config)).toEqual({
      cmd: ['a'],
      env: [],
      exposedPorts: ['80/tcp'],
      volumes: [],
      labels: {},
    });
  });

  test('changed: what is not said stays, what is empty goes, an entrypoint takes the arguments along', () => {
    const { config: run } = config({
      Entrypoint: ['e'],
      Cmd: ['c'],
      Env: ['A=1', 'B=2'],
      User: 'u',
      Labels: { a: 'b' },
    });
    expect(changed(run, { env: ['A=3'] })).toMatchObject({ Entrypoint: ['e'], Cmd: ['c'], Env: ['B=2', 'A=3'] });
    expect(changed(run, { entrypoint: ['x'] })).not.toHaveProperty('Cmd');
    expect(changed(run, { cmd: [], user: '' })).toEqual({ Entrypoint: ['e'], Env: ['A=1', 'B=2'], Labels: { a: 'b' } });
  });

  test('one more layer: history and diff ids grow together', () => {
    const digest = (c: string) => `sha256:${c.repeat(64)}`;
    const base = config(
      {},
      { rootfs: { type: 'layers', diff_ids: [digest('a')] }, history: [{ empty_layer: true }, {}] },
    );
    const step = { diffId: digest('b'), created: '2026-01-01T00:00:00Z', createdBy: 'x', comment: 'y' };
    const next = read(Config, Buffer.from(JSON.stringify(extended(base, step, {}, ownPlatform('x64')))), 'c');
    expect(next.rootfs.diff_ids).toEqual([digest('a'), digest('b')]);
    expect(historyOf(next).map(({ layer }) => layer)).toEqual([undefined, 0, 1]);
  });
});

test('the index: a name has one image, an image without a name stays', () => {
  const a = { digest: 'a', size: 1 };
  const b = { digest: 'b', size: 2 };
  expect(withName([{ ...a, name: 'x' }], b, 'x')).toEqual([a, { ...b, name: 'x' }]);
  expect(withName([a], a, 'x')).toEqual([{ ...a, name: 'x' }]);
  expect(
    withoutName(
      [
        { ...a, name: 'x' },
        { ...a, name: 'y' },
      ],
      'x',
    ),
  ).toEqual([{ ...a, name: 'y' }]);
  const taken = { id: 'i', manifest: b, names: ['x'], layers: [], platform: ownPlatform() };
  const { entries, notes } = withImages([{ ...a, name: 'x' }], [taken], []);
  expect(entries).toEqual([a, { ...b, name: 'x' }]);
  expect(notes).toEqual([{ code: 'image-name-moved', args: { name: 'x' } }]);
  // The same configuration in another manifest.
  expect(withImages([a], [taken], [{ id: 'i', digest: 'a', manifestSize: 1 }]).entries).toEqual([{ ...a, name: 'x' }]);
});

test('skopeo: nothing of it can become an option, its last words are told', () => {
  const route = { from: 'docker://-x', to: 'oci:/d:latest', registry: 'src', insecure: true } as const;
  const words = skopeoArguments(route, '/t');
  expect(words).toEqual([
    '--tmpdir=/t',
    'copy',
    '--quiet',
    '--src-tls-verify=false',
    '--src-no-creds',
    '--',
    'docker://-x',
    'oci:/d:latest',
  ]);
  expect(skopeoArguments({ ...route, auth: 9 }, '/t')).toContain('--src-authfile=/proc/self/fd/3');
  expect(lastWords('a\ntime="x" level=fatal msg="it \\"said\\" no"\n')).toBe('it "said" no');
  expect(lastWords('plain\u001b[2J')).not.toContain('\u001b');
});

test('what bytes are packed with shows at their beginning', () => {
  expect(packingOf(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]))).toBe('gzip');
  expect(packingOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]))).toBe('zstd');
  expect(packingOf(Buffer.from('plain!'))).toBe('plain');
});

describe('the command line', () => {
  test('an id has twelve digits, everything else is a name', () => {
    expect(image('0123456789ab')).toEqual({ id: '0123456789ab' });
    expect(image(`sha256:${'0'.repeat(64)}`)).toEqual({ id: '0'.repeat(64) });
    expect(image('0123456789a')).toEqual({ name: '0123456789a' });
  });

  test('changes are lines of a Dockerfile', () => {
    const all = [
      'CMD ["/bin/sh", "-l"]',
      'ENV A=1',
      'ENV B two words',
      'LABEL a="b c"',
      'cmd echo hi',
      'EXPOSE 80 443/udp',
      'WORKDIR /x',
    ];
    expect(merged(all.map(changes))).toEqual({
      ...{ cmd: ['/bin/sh', '-c', 'echo hi'], env: ['A=1', 'B=two words'], labels: { a: 'b c' } },
      ...{ exposedPorts: ['80', '443/udp'], workingDir: '/x' },
    });
    for (const bad of ['RUN x', 'CMD', 'CMD [1]', 'ENV novalue']) expect(() => changes(bad)).toThrow();
  });

  test('sizes in few digits', () => {
    expect([0, 1023, 1024, 1536, 123 * 1024 ** 2, 5 * 1024 ** 4].map(bytes)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '123 MiB',
      '5.0 TiB',
    ]);
  });
});
