// Layers without files: what may be in one, what one does to those below, and what becomes of an overlay's writable layer.
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../helper/rpc/contract/errors';
import { Below, changesOf } from '../../../helper/services/image/work/entries';
import { LAYER_LIMITS, type LayerRow, LayerRules } from '../../../helper/services/image/work/layer-rules';
import { formatHeader, type Header, padding, TYPE } from '../../../helper/services/image/work/tar-header';
import { type TarEntry, TarScan } from '../../../helper/services/image/work/tar-scan';
import { UpperRewriter } from '../../../helper/services/image/work/upper';

const PLAIN: Header = {
  ...{ name: 'a', type: TYPE.file, size: 0, mode: 0o644, uid: 0, gid: 0, mtime: 0, link: '', major: 0, minor: 0 },
};

function entry(name: string, more: Partial<TarEntry> = {}): TarEntry {
  return { ...PLAIN, name, names: [name], pax: new Map(), ...more };
}

function ruleOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof Failure ? error.data.rule?.code : String(error);
  }
  return undefined;
}

describe('what may be in a layer', () => {
  const check = (...entries: TarEntry[]) => {
    const rules = new LayerRules();
    return entries.map((one) => rules.check(one, 1000));
  };

  test('marks hide names, directories, or mean nothing', () => {
    const rows = check(
      ...['a/.wh.b', '.wh.c', 'a/.wh..wh..opq', '.wh..wh..opq', '.wh..wh.plnk/1.2', 'a/.wh.dir/x', './a//b/'].map(
        (name) => entry(name),
      ),
    );
    expect(rows.map(({ path, type }) => `${type} ${path}`)).toEqual([
      'whiteout a/b',
      'whiteout c',
      'opaque a',
      'opaque ',
      'skip .wh..wh.plnk/1.2',
      'skip a/.wh.dir/x',
      'file a/b',
    ]);
  });

  test('a link that became a directory again is no link', () => {
    const directory = entry('a/', { type: TYPE.directory });
    expect(check(entry('a', { type: TYPE.symlink, link: '/' }), directory, entry('a/b'))).toHaveLength(3);
    expect(ruleOf(() => check(directory, entry('a', { type: TYPE.symlink, link: '/' }), entry('a/b')))).toBe(
      'layer-entry-behind-link',
    );
  });

  test('two names for one entry are refused, whichever of them is bad', () => {
    expect(ruleOf(() => check(entry('good', { names: ['good', 'evil'] })))).toBe('archive-damaged');
    expect(ruleOf(() => check(entry('good', { names: ['good', '../evil'] })))).toBe('layer-entry-outside');
  });

  test('more bytes than were ever packed', () => {
    const rules = new LayerRules();
    const large = entry('a', { size: LAYER_LIMITS.ratioFrom + 1 });
    // Of the first one nothing was read yet, however large it says it is.
    expect(ruleOf(() => rules.check(large, 1000))).toBeUndefined();
    expect(ruleOf(() => rules.check(entry('b'), 1000))).toBe('layer-ratio');
    const honest = new LayerRules();
    honest.check(large, 1000);
    expect(ruleOf(() => honest.check(entry('b'), LAYER_LIMITS.ratioFrom))).toBeUndefined();
  });
});

describe('what a layer does to those below', () => {
  const row = (path: string, type: LayerRow['type'] = 'file', more: Partial<LayerRow> = {}): LayerRow => ({
    ...{ path, type, size: 0, mode: 0o755, uid: 0, gid: 0 },
    ...more,
  });
  const told = (rows: LayerRow[], ...below: LayerRow[][]) => {
    const all = new Below();
    for (const each of below) all.add(each);
    return changesOf(rows, all).map(({ path, change }) => `${change} ${path}`);
  };
  const BASE = [row('a', 'directory'), row('a/b'), row('a/c'), row('d/e')];

  test('added, changed, deleted; a directory on the way is no change, one with another mode is', () => {
    const rows = [row('a', 'directory'), row('a/b'), row('a/n'), row('a/c', 'whiteout'), row('x', 'whiteout')];
    expect(told(rows, BASE)).toEqual(['changed a/b', 'deleted a/c', 'added a/n']);
    expect(told([row('a', 'directory', { mode: 0o700 }), row('d', 'directory')], BASE)).toEqual(['changed a']);
  });

  test('an opaque directory deletes what it does not bring again', () => {
    const rows = [row('a', 'directory'), row('a', 'opaque'), row('a/b')];
    expect(told(rows, BASE)).toEqual(['changed a', 'changed a/b', 'deleted a/c']);
    expect(told([row('', 'opaque'), row('new')], BASE)).toEqual(['deleted a', 'deleted d', 'added new']);
  });

  test('what was deleted below and comes again is added', () => {
    expect(told([row('a/b')], BASE, [row('a/b', 'whiteout')])).toEqual(['added a/b']);
    expect(told([row('a/b')], BASE, [row('a')])).toEqual(['added a/b']);
    expect(told([row('d/e')], BASE, [row('d', 'whiteout'), row('d/f')])).toEqual(['added d/e']);
  });
});

describe('an overlay’s writable layer as an archive', () => {
  function rewritten(
    parts: readonly (Partial<Header> & { pax?: Record<string, string>; content?: string })[],
    without = new Set<string>(),
  ) {
    const bytes = parts.flatMap(({ pax, content = '', ...more }) => [
      formatHeader({ ...PLAIN, size: content.length, ...more }, pax),
      Buffer.from(content),
      padding(content.length),
    ]);
    const rewriter = new UpperRewriter(without);
    const out = Buffer.concat([...rewriter.feed(Buffer.concat([...bytes, Buffer.alloc(1024)])), rewriter.finish()]);
    const scanner = new TarScan();
    const found = [...scanner.feed(out)].flatMap((event) => (event.type === 'entry' ? [event.entry] : []));
    scanner.finish();
    return found;
  }
  const opaque = { 'SCHILY.xattr.trusted.overlay.opaque': 'y' };

  test('devices 0:0 and opaque directories become names, the root and mount points go', () => {
    const found = rewritten(
      [
        { name: './', type: TYPE.directory },
        { name: './a/', type: TYPE.directory, pax: { ...opaque, 'SCHILY.xattr.user.x': '1' } },
        { name: './a/new', content: 'new' },
        { name: './a/gone', type: TYPE.character },
        { name: './null', type: TYPE.character, major: 1, minor: 3 },
        { name: './hard', type: TYPE.hardlink, link: './a/new' },
        { name: './etc/hosts', content: 'not mine' },
      ],
      new Set(['etc/hosts']),
    );
    expect(found.map(({ name }) => name)).toEqual(['a/', 'a/.wh..wh..opq', 'a/new', 'a/.wh.gone', 'null', 'hard']);
    expect(found[0]?.pax).toEqual(new Map([['SCHILY.xattr.user.x', '1']]));
    expect(found[3]).toMatchObject({ type: TYPE.file, size: 0 });
    expect(found[5]?.link).toBe('a/new');
  });

  test('what borrows its contents from below cannot be said', () => {
    const borrowed = { name: './dir/', type: TYPE.directory, pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/old' } };
    expect(ruleOf(() => rewritten([borrowed]))).toBe('layer-borrowed');
  });
});
