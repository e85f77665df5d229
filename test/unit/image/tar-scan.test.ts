// Tar headers and archives: what is written is read again, what others mean is understood, and what could be read in two
// ways is refused.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../helper/rpc/contract/errors';
import {
  formatHeader,
  type Header,
  padding,
  parseHeader,
  parsePax,
  TYPE,
} from '../../../helper/services/image/work/tar-header';
import { type TarEntry, TarScan } from '../../../helper/services/image/work/tar-scan';

const PLAIN: Header = {
  ...{ name: 'a', type: TYPE.file, size: 0, mode: 0o644, uid: 0, gid: 0, mtime: 0, link: '', major: 0, minor: 0 },
};
const END = Buffer.alloc(1024);

function scan(bytes: Buffer, step = bytes.length): { entry: TarEntry; content: string }[] {
  const scanner = new TarScan();
  const found: { entry: TarEntry; content: string }[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    for (const event of scanner.feed(Buffer.from(bytes.subarray(at, at + step)))) {
      if (event.type === 'entry') found.push({ entry: event.entry, content: '' });
      const last = found.at(-1);
      if (event.type === 'data' && last) last.content += event.bytes.toString('latin1');
    }
  }
  scanner.finish();
  return found;
}

function file(name: string, content: string, more: Partial<Header> = {}): Buffer {
  const size = content.length;
  return Buffer.concat([formatHeader({ ...PLAIN, name, size, ...more }), Buffer.from(content), padding(size)]);
}

function ruleOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof Failure ? error.data.rule?.code : String(error);
  }
  return undefined;
}

describe('a header', () => {
  test.each<[string, Partial<Header>]>([
    ['of a device', { type: TYPE.character, major: 1, minor: 3, mode: 0o666 }],
    ['of a large file', { size: 9_000_000_000 }],
    ['with ids beyond octal', { uid: 3_000_000, gid: 4_000_000_000 }],
    ['from before the epoch', { mtime: -5 }],
    ['of a link', { type: TYPE.symlink, link: '../target' }],
  ])('%s is read as it was written', (_what, more) => {
    const bytes = formatHeader({ ...PLAIN, ...more });
    expect(parseHeader(bytes.subarray(-512))).toEqual({ ...PLAIN, ...more });
  });

  test('that was changed is none', () => {
    const bytes = formatHeader(PLAIN);
    bytes[3] = 0x41;
    expect(parseHeader(bytes)).toBeUndefined();
    expect(parseHeader(Buffer.from('no header at all '.repeat(40)).subarray(0, 512))).toBeUndefined();
  });

  test('of pax(1): by lengths, not by lines', () => {
    const body = Buffer.from('30 comment=a\n12 path=../x\nend\n13 path=good\n');
    expect(parsePax(body)).toEqual(
      new Map([
        ['comment', 'a\n12 path=../x\nend'],
        ['path', 'good'],
      ]),
    );
    for (const bad of ['5 a=b', '99 a=b\n', '6 ab=\nx', 'a=b\n', '3 =\n'])
      expect(parsePax(Buffer.from(bad))).toBeUndefined();
  });
});

describe('an archive', () => {
  const name = 'directory/'.repeat(30).concat('näme');
  const bytes = Buffer.concat([
    formatHeader({ ...PLAIN, name: 'dir/', type: TYPE.directory, mode: 0o755 }),
    file('dir/file', 'x'.repeat(1000)),
    file(Buffer.from(name).toString('latin1'), 'long'),
    formatHeader({ ...PLAIN, name: 'link', type: TYPE.symlink, link: 'to/'.repeat(50) }),
    END,
  ]);

  test.each([1, 7, 511, 512, 513, 4096, 100_000])('in pieces of %i bytes', (step) => {
    const found = scan(bytes, step);
    expect(found.map(({ entry }) => Buffer.from(entry.name, 'latin1').toString())).toEqual([
      'dir/',
      'dir/file',
      name,
      'link',
    ]);
    expect(found.map(({ content }) => content.length)).toEqual([0, 1000, 4, 0]);
    expect(found[3]?.entry.link).toBe('to/'.repeat(50));
  });

  test.each(['gnu', 'pax', 'ustar', 'oldgnu', 'v7'])('that GNU tar wrote: %s', (format) => {
    const folder = mkdtempSync(join(tmpdir(), 'isolab-tar-'));
    try {
      const long = format === 'ustar' || format === 'v7' ? 'short' : 'n'.repeat(180);
      writeFileSync(join(folder, long), 'content');
      writeFileSync(join(folder, 'hole'), 'begin');
      truncateSync(join(folder, 'hole'), 5_000_000);
      const sparse = format === 'ustar' || format === 'v7' ? [] : ['--sparse'];
      const tar = execFileSync('tar', ['-C', folder, '-c', `--format=${format}`, ...sparse, '.'], {
        maxBuffer: 64 << 20,
      });
      const found = scan(tar, 10_000);
      expect(found.map(({ entry }) => entry.name).sort()).toEqual(['./', './hole', `./${long}`].sort());
      expect(found.find(({ entry }) => entry.name.endsWith(long))?.content).toBe('content');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([600, 1500, 2000, bytes.length - 1100])('cut off after %i bytes is told from one that ends', (size) => {
    expect(ruleOf(() => scan(bytes.subarray(0, size)))).toBe('archive-truncated');
  });

  test('without blocks of zeros ends as well', () => {
    expect(scan(bytes.subarray(0, -1024))).toHaveLength(4);
    expect(scan(END)).toEqual([]);
  });

  test('that two programs would read differently', () => {
    const pax = (text: string) => file('pax', text, { type: TYPE.pax });
    const global = (text: string) => file('pax', text, { type: TYPE.paxGlobal });
    const damaged = (...parts: Buffer[]) => ruleOf(() => scan(Buffer.concat([...parts, END])));
    expect(damaged(global('13 path=evil\n'), file('good', ''))).toBe('archive-damaged');
    expect(damaged(pax('12 path=evil'), file('good', ''))).toBe('archive-damaged');
    expect(damaged(pax('11 size=x12\n'), file('good', ''))).toBe('archive-damaged');
    expect(damaged(formatHeader({ ...PLAIN, type: TYPE.symlink, link: 'x', size: 512 }))).toBe('archive-damaged');
    expect(damaged(file('a', 'b'), Buffer.alloc(512), file('c', 'd'))).toBe('archive-damaged');
    expect(damaged(formatHeader({ ...PLAIN, type: TYPE.longName, size: 100_000_000 }))).toBe('archive-damaged');
    const both = scan(
      Buffer.concat([file('L', 'one\0', { type: TYPE.longName }), pax('12 path=two\n'), file('x', ''), END]),
    );
    expect(both[0]?.entry.names).toEqual(['two', 'one']);
  });

  test('random bytes are none, and never more than a Failure', () => {
    for (let seed = 1; seed < 300; seed++) {
      const mutated = Buffer.from(bytes);
      for (let change = 0; change < 3; change++) mutated[(seed * 7919 * (change + 1)) % mutated.length] = seed & 0xff;
      const code = ruleOf(() => scan(mutated, 700));
      expect([undefined, 'archive-damaged', 'archive-truncated', 'archive-not-tar']).toContain(code);
    }
  });
});
