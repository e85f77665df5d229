// Files of containers in the editor: addresses, what the editor is told, rows, whole files in pieces.
import { describe, expect, test } from 'vitest';
import { copied } from '../../../extension/commands/copying';
import { authorityOf, isReadonly, joinPath, nameOf, parentOf, rootOf } from '../../../extension/files/address';
import { editorStat, editorType, namesChanged } from '../../../extension/files/facts';
import { listWhole, readWhole, writeWhole } from '../../../extension/files/transfer';
import { workspaceFolders } from '../../../extension/files/workspace-file';
import { fileNodes } from '../../../extension/views/files-nodes';
import { rowOf } from '../../../extension/views/rows';
import { spoken } from '../../../extension/views/spoken';
import type { Client } from '../../../helper/rpc/contract/client';
import { Failure } from '../../../helper/rpc/contract/errors';
import type { FileEntry, FileRoot } from '../../../helper/rpc/contract/file';
import { CHUNK } from '../../../helper/rpc/contract/file-chunk';
import { english, fileEntry } from './samples';

const ID = 'ab'.repeat(32);
const root: FileRoot = { container: { id: ID } };
const place = { root, path: '/etc/motd' };

describe('addresses', () => {
  test('say whose files they are, and come back', () => {
    const roots: FileRoot[] = [root, { image: { id: ID } }, { image: { id: ID }, layer: 3 }];
    expect(roots.map(authorityOf)).toEqual([`container-${ID}`, `image-${ID}`, `image-${ID}-layer-3`]);
    expect(roots.map((each) => rootOf(authorityOf(each) ?? ''))).toEqual(roots);
    expect(roots.map(isReadonly)).toEqual([false, true, true]);
  });

  test('names are none, and nothing else is one of ours', () => {
    expect(authorityOf({ container: { name: 'web' } })).toBeUndefined();
    const others = ['', 'web', `container-${ID}-layer-1`, 'container-xyz', `CONTAINER-${ID}`, `image-${ID}-layer-`];
    expect(others.map(rootOf)).toEqual(others.map(() => undefined));
  });

  test('paths', () => {
    expect(['/', '/a', '/a/b'].map(parentOf)).toEqual(['/', '/', '/a']);
    expect(['/a', '/a/b'].map(nameOf)).toEqual(['a', 'b']);
    expect([joinPath('/', 'a'), joinPath('/a', 'b')]).toEqual(['/a', '/a/b']);
  });
});

describe('what the editor is told', () => {
  const link = (leadsTo?: FileEntry['leadsTo']) =>
    fileEntry({ type: 'symlink', target: '/x', ...(leadsTo && { leadsTo }) });

  test('types are those of vscode.FileType; a link is one and what it leads to', () => {
    const entries = [
      fileEntry(),
      fileEntry({ type: 'directory' }),
      fileEntry({ type: 'fifo' }),
      link({ type: 'file', size: 1, modifiedAt: 2 }),
      link({ type: 'directory', size: 1, modifiedAt: 2 }),
      link(),
    ];
    expect(entries.map(editorType)).toEqual([1, 2, 0, 65, 66, 64]);
  });

  test('sizes and times are those of what a link leads to; an image is read-only', () => {
    const led = link({ type: 'file', size: 7, modifiedAt: 9 });
    expect(editorStat(led, root)).toEqual({ type: 65, ctime: 9, mtime: 9, size: 7 });
    expect(editorStat(led, { image: { id: ID } })).toMatchObject({ permissions: 1 });
  });

  test('names that came and went', () => {
    const changed = namesChanged(new Set(['a', 'b']), new Set(['b', 'c']));
    expect(changed).toEqual({ created: ['c'], deleted: ['a'] });
  });
});

describe('rows', () => {
  const entries = [
    fileEntry({ name: 'b10' }),
    fileEntry({ name: 'b9', mode: 0o4755, size: 2_000_000 }),
    fileEntry({ name: 'caf\uf7e9\u202e', links: 2 }),
    fileEntry({ name: 'z', type: 'directory' }),
    fileEntry({ name: 'dir', type: 'symlink', target: 'z', leadsTo: { type: 'directory', size: 0, modifiedAt: 0 } }),
    fileEntry({ name: 'gone', type: 'symlink', target: '/nowhere' }),
    fileEntry({ name: 'null', type: 'character', device: { major: 1, minor: 3 } }),
    fileEntry({ name: 'hidden', type: 'whiteout' }),
  ];
  const nodes = fileNodes('container/x/files', root, '/', entries);

  test('directories first, by name; names that are no text are written out', () => {
    expect(
      nodes.map((node) => {
        const { icon, label, description, context, expand, command } = rowOf(node, english);
        return `${expand === 'never' ? ' ' : '>'} (${icon}) ${label} | ${description} [${context}]${command ? ' *' : ''}`;
      }),
    ).toEqual([
      '> (file-symlink-directory) dir | → z [file folder changeable]',
      '> (folder) z |  [file folder changeable]',
      '  (symbol-file) b9 | 2 MB [file ordinary changeable] *',
      '  (symbol-file) b10 | 12 B [file ordinary changeable] *',
      '  (symbol-file) caf\\xe9\\u{202e} | 12 B [file ordinary changeable] *',
      '  (file-symlink-file) gone | → /nowhere [file special changeable]',
      '  (trash) hidden | hides what is below [file special changeable]',
      '  (circuit-board) null |  [file special changeable]',
    ]);
    const [first] = fileNodes('x', { image: { id: ID } }, '/etc', [fileEntry()]);
    expect(first && rowOf(first, english).context).toBe('file ordinary fixed');
  });

  test('are said and copied as they are shown', () => {
    const node = nodes.find(({ entry }) => entry.name === 'b9');
    expect(node && spoken(node, english)).toBe('/b9, file, 2 MB');
    expect(node && copied(node, 'main')).toEqual(['/b9']);
    expect(node && rowOf(node, english).facts).toContainEqual(['Mode', '4755']);
  });
});

/** Answers from a list; what was asked is kept. */
function client(answer: (method: string, params: Record<string, unknown>) => unknown) {
  const asked: [method: string, params: Record<string, unknown>][] = [];
  const call = async (method: string, params: Record<string, unknown>) => {
    asked.push([method, params]);
    return answer(method, params);
  };
  return { asked, client: { call } as unknown as Pick<Client, 'call'> };
}

describe('whole files in pieces', () => {
  test('read until the end, all of one file', async () => {
    const content = Buffer.from('0123456789');
    const { asked, client: helper } = client((_method, { offset }) => {
      const part = content.subarray(Number(offset), Number(offset) + 4);
      return { data: part.toString('base64'), end: Number(offset) >= 8, size: 10, id: 'a' };
    });
    expect((await readWhole(helper, place)).toString()).toBe('0123456789');
    expect(asked.map(([, { offset, id }]) => [offset, id])).toEqual([
      [0, undefined],
      [4, 'a'],
      [8, 'a'],
    ]);
  });

  test('one that is replaced meanwhile is begun anew, not for ever', async () => {
    const replaced = new Failure({ kind: 'conflict', rule: { code: 'file-replaced' } });
    let left = 2;
    const { client: helper } = client(() => {
      if (left-- > 0) throw replaced;
      return { data: 'YQ==', end: true, size: 1, id: 'a' };
    });
    expect((await readWhole(helper, place)).toString()).toBe('a');
    left = 9;
    await expect(readWhole(helper, place)).rejects.toBe(replaced);
  });

  test('written at once where it fits, else in pieces of which the last commits', async () => {
    const entry = fileEntry();
    const answers = (_method: string, { commit }: Record<string, unknown>) => (commit ? { entry } : { upload: 'u' });
    const small = client(answers);
    await writeWhole(small.client, place, [Buffer.from('abc')], { mode: 0o600 });
    expect(small.asked).toEqual([['file/write', { ...place, data: 'YWJj', mode: 0o600, commit: true }]]);
    const empty = client(answers);
    await writeWhole(empty.client, place, [], {});
    expect(empty.asked.map(([, { data, commit }]) => [data, commit])).toEqual([['', true]]);
    const large = client(answers);
    const told: number[] = [];
    await writeWhole(large.client, place, [Buffer.alloc(CHUNK + 1), Buffer.alloc(5)], {}, (bytes) => told.push(bytes));
    expect(large.asked.map(([, { upload, offset, commit }]) => [upload, offset, commit])).toEqual([
      [undefined, undefined, undefined],
      ['u', CHUNK, undefined],
      ['u', CHUNK + 1, true],
    ]);
    expect(told).toEqual([CHUNK, CHUNK + 1, CHUNK + 6]);
  });

  test('given up where it cannot be finished, and never begun on an image', async () => {
    const { asked, client: helper } = client((_method, { offset }) => {
      if (offset !== undefined) throw new Failure({ kind: 'quota' });
      return { upload: 'u' };
    });
    await expect(writeWhole(helper, place, [Buffer.alloc(CHUNK + 1)], {})).rejects.toBeInstanceOf(Failure);
    expect(asked.at(-1)).toEqual(['file/write', { ...place, upload: 'u', abort: true }]);
    const image = { root: { image: { id: ID } }, path: '/x' };
    await expect(writeWhole(helper, image, [], {})).rejects.toMatchObject({ data: { kind: 'denied' } });
    expect(asked).toHaveLength(3);
  });

  test('directories are listed to their end', async () => {
    const { client: helper } = client((_method, { cursor }) => ({
      entries: [fileEntry({ name: cursor === undefined ? 'a' : 'b' })],
      ...(cursor === undefined && { cursor: '7' }),
    }));
    expect((await listWhole(helper, place)).map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

test('a workspace file names its folders; what the editor did not write names none', () => {
  const folders = [{ uri: 'vscode-remote://h/lab' }, { name: 'web', uri: 'isolab-fs://container-1/' }];
  expect(workspaceFolders(JSON.stringify({ folders, settings: {} }))).toEqual(folders);
  for (const text of [
    '',
    'null',
    '3',
    '{}',
    '{"folders":3}',
    '{"folders":[{"path":"."}]}',
    '{"folders":[{"uri":3}]}',
  ]) {
    expect(workspaceFolders(text)).toEqual([]);
  }
});
