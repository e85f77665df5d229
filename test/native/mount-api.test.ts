// Detached mounts, made without any change to the machine's mounts; looked at through /proc/self/fd and, where it must be a
// foreign tool, attached in a namespace of its own.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asFileOwner } from '../../helper/sys/file-owner';
import { close, MNT_DETACH, umount2 } from '../../helper/sys/libc';
import { attachAt, clone, mapIds, overlay, overlayByPath, restrict, tmpfs } from '../../helper/sys/mount-api';
import { output } from '../support/run';
import { BUILDS, type Build, cleanUp, later, makePrograms, open, scratch, start } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

/** Closes it after the test. Its path, as long as it is open. */
function at(fd: number): string {
  later(() => close(fd));
  return `/proc/self/fd/${fd}`;
}

/** Directories with one file each that names them, and one that all have. */
function layers(count: number, name: (index: number) => string = String): string[] {
  const top = scratch();
  return Array.from({ length: count }, (_, index) => {
    const dir = join(top, name(index));
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, `file-${index}`), '');
    writeFileSync(join(dir, 'shared'), String(index));
    return dir;
  });
}

const mountInfo = () => readFileSync('/proc/self/mountinfo', 'utf8');

describe('a detached mount', () => {
  it('of a tmpfs has its options and is nowhere', () => {
    const before = mountInfo();
    const path = at(
      tmpfs(
        [
          ['size', '65536'],
          ['mode', '1777'],
        ],
        { nosuid: true, noexec: true },
      ),
    );
    writeFileSync(join(path, 'a'), 'x');
    expect(() => writeFileSync(join(path, 'b'), Buffer.alloc(100_000))).toThrow('ENOSPC');
    expect(mountInfo()).toBe(before);
    expect(() => tmpfs([['size', 'many']])).toThrow('EINVAL');
    expect(() => tmpfs([['mo\0de', '1']])).toThrow('EINVAL');
  });

  it('of a copy shows what is mounted below only when it is asked to, and can be made read-only', async () => {
    const dir = scratch();
    await output(['mount', '-t', 'tmpfs', 'tmpfs', dir]);
    later(() => output(['umount', '-R', dir]));
    mkdirSync(join(dir, 'below'));
    await output(['mount', '-t', 'tmpfs', 'tmpfs', join(dir, 'below')]);
    writeFileSync(join(dir, 'below/file'), 'inner');
    expect(readdirSync(join(at(clone(open(dir))), 'below'))).toEqual([]);
    const whole = clone(open(dir), { recursive: true });
    expect(readdirSync(join(at(whole), 'below'))).toEqual(['file']);
    restrict(whole, { readonly: true });
    expect(() => writeFileSync(`/proc/self/fd/${whole}/below/file`, '')).toThrow('EROFS');
    writeFileSync(join(dir, 'below/file'), 'outer');
    expect(readFileSync(`/proc/self/fd/${whole}/below/file`, 'utf8')).toBe('outer');
  });

  it('of a file shows that file', () => {
    const file = join(scratch(), 'file');
    writeFileSync(file, 'words');
    expect(readFileSync(at(clone(open(file))), 'utf8')).toBe('words');
  });

  it.each([1, 2, 127])('of an overlay has %i layers, the last on top', (count) => {
    const [upper, work] = layers(2, (index) => `work-${index}`) as [string, string];
    const lower = layers(count);
    const path = at(overlay({ lower, upper, work }));
    const names = Array.from({ length: count }, (_, index) => `file-${index}`);
    expect(readdirSync(path)).toEqual(expect.arrayContaining(names));
    // The upper directory has one too.
    expect(readFileSync(join(path, 'shared'), 'utf8')).toBe('0');
    writeFileSync(join(path, 'new'), 'written');
    expect(readFileSync(join(upper, 'new'), 'utf8')).toBe('written');
    const readonly = at(overlay({ lower: [...lower, upper] }));
    expect(readFileSync(join(readonly, 'new'), 'utf8')).toBe('written');
    expect(() => writeFileSync(join(readonly, 'new'), '')).toThrow('EROFS');
  });

  it('of an overlay takes paths of any length and with any character', () => {
    const odd = `${'long/'.repeat(60)}a:b,c\\d e`;
    const lower = layers(2, (index) => `${index}/${odd}`);
    const path = at(overlay({ lower }));
    expect(readdirSync(path)).toEqual(expect.arrayContaining(['file-0', 'file-1']));
    expect(readFileSync(join(path, 'shared'), 'utf8')).toBe('1');
  });

  it('of an overlay comes by mount(2) too, which leaves no mount behind', () => {
    const before = mountInfo();
    const lower = layers(127, (index) => `a:b,c${index}`);
    const [upper, work] = layers(2, (index) => `work-${index}`) as [string, string];
    const path = at(overlayByPath({ lower, upper, work }, [['xino', 'off']], scratch()));
    expect(readdirSync(path)).toEqual(expect.arrayContaining(['file-0', 'file-126']));
    writeFileSync(join(path, 'new'), 'written');
    expect(readFileSync(join(upper, 'new'), 'utf8')).toBe('written');
    expect(mountInfo()).toBe(before);
    expect(() => overlayByPath({ lower: layers(300) }, [], scratch())).toThrow('E2BIG');
    expect(mountInfo()).toBe(before);
  });

  it('of an overlay names what is wrong', () => {
    expect(() => overlay({ lower: ['/no/such/layer'] })).toThrow('ENOENT');
    const [lower] = layers(1) as [string];
    expect(() => overlay({ lower: [lower] }, [['no-such-option', 'x']], scratch())).toThrow('EINVAL');
  });

  it('shows owners through a map', async () => {
    const ids = [{ inside: 0, outside: 1000, count: 10 }];
    const user = { uid: 0, gid: 0, groups: [] };
    const { pid } = await start(BUILDS[0] as Build, { create: ['user'], uidMap: ids, gidMap: ids, user });
    const dir = scratch();
    writeFileSync(join(dir, 'file'), '');
    const copy = clone(open(dir));
    mapIds(copy, open(`/proc/${pid}/ns/user`));
    expect(await output(['stat', '-c', '%u', join(`/proc/${process.pid}/fd/${copy}`, 'file')])).toBe('1000\n');
    close(copy);
  });

  it('lays an overlay over layers with other owners: what is written has the ids of the map on disk', async () => {
    const ids = [{ inside: 0, outside: 100_000, count: 65_536 }];
    const user = { uid: 0, gid: 0, groups: [] };
    const { pid } = await start(BUILDS[0] as Build, { create: ['user'], uidMap: ids, gidMap: ids, user });
    const dir = scratch();
    for (const name of ['lower', 'upper', 'work']) mkdirSync(join(dir, name));
    writeFileSync(join(dir, 'lower/file'), 'old');
    const [place, root] = [scratch(), scratch()];
    const before = mountInfo();
    const copy = clone(open(dir));
    mapIds(copy, open(`/proc/${pid}/ns/user`));
    // As kernels before 6.15 need it: in a place.
    attachAt(copy, place);
    const dirs = { lower: [join(place, 'lower')], upper: join(place, 'upper'), work: join(place, 'work') };
    let path: string;
    try {
      path = at(asFileOwner(100_000, () => overlayByPath(dirs, [], root)));
    } finally {
      umount2(place, MNT_DETACH);
    }
    expect(mountInfo()).toBe(before);
    expect(statSync(join(path, 'file'))).toMatchObject({ uid: 100_000, gid: 100_000 });
    asFileOwner(100_000, () => writeFileSync(join(path, 'made'), ''));
    writeFileSync(join(path, 'file'), 'new');
    for (const name of ['made', 'file']) expect(statSync(join(dir, 'upper', name))).toMatchObject({ uid: 0, gid: 0 });
    expect(() => writeFileSync(join(path, 'nobodys'), '')).toThrow('EOVERFLOW');
    expect(statSync(join(dir, 'upper'))).toMatchObject({ uid: 0 });
    close(copy);
  });
});
