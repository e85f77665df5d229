// A root directory is never left, whatever its links say; what is there is not lost by accident.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Tree } from '../../../helper/rootfs/tree';
import { Failure } from '../../../helper/rpc/contract/errors';
import { bytesOf } from './elf-samples';

let outside: string;
let directory: string;
let tree: Tree;
beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'tree-'));
  directory = join(outside, 'root');
  mkdirSync(directory);
  writeFileSync(join(outside, 'canary'), 'outside');
  tree = Tree.open(directory);
});
afterEach(() => {
  tree.close();
  rmSync(outside, { recursive: true });
});

const at = (path: string) => join(directory, path);
const content = (text: string) => bytesOf(Buffer.from(text));
function code(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error.data.rule?.code;
    throw error;
  }
  return undefined;
}
function textOf(path: string): string | undefined {
  const file = tree.open(path);
  try {
    return file?.read(0, file.size).toString();
  } finally {
    file?.close();
  }
}

describe('looking', () => {
  test('links lead as they would for a process that has it for root', () => {
    mkdirSync(at('usr/lib'), { recursive: true });
    writeFileSync(at('usr/lib/a'), 'a');
    writeFileSync(at('canary'), 'inside');
    symlinkSync('usr/lib', at('lib'));
    symlinkSync('/lib/a', at('absolute'));
    symlinkSync('/canary', at('usr/lib/below'));
    symlinkSync('../../../../../canary', at('up'));
    expect(textOf('/lib/a')).toBe('a');
    expect(textOf('lib/../lib/./a')).toBe('a');
    expect(textOf('/lib/below')).toBe('inside');
    expect(tree.find('/absolute')?.path).toBe('/usr/lib/a');
    expect(textOf('/up')).toBe('inside');
    expect(textOf('/../../canary')).toBe('inside');
    expect(tree.find('/lib/a/b')).toBeUndefined();
    expect(tree.find('/')?.path).toBe('/');
  });

  test('nothing outside is reached, and a circle ends', () => {
    symlinkSync(join(outside, 'canary'), at('out'));
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    expect(tree.find('/out')).toBeUndefined();
    expect(code(() => tree.find('/a'))).toBe('path-loops');
    // In a mounted /proc such links lead to anything; their text leads nowhere.
    symlinkSync(`/proc/${process.pid}/cwd`, at('magic'));
    expect(tree.find('/magic/package.json')).toBeUndefined();
  });

  test('a directory that is none', () => {
    expect(code(() => Tree.open(join(outside, 'canary')))).toBe('directory-not');
    expect(code(() => Tree.open(join(outside, 'none')))).toBe('directory-missing');
  });
});

describe('writing', () => {
  test('below links that lead out, what is made is inside', () => {
    symlinkSync('/etc', at('conf'));
    symlinkSync('../../../..', at('up'));
    tree.addFile('/conf/deep/file', content('x'), 0o644, false);
    tree.addFile('/up/top', content('y'), 0o600, false);
    expect(readFileSync(at('etc/deep/file'), 'utf8')).toBe('x');
    expect(readFileSync(at('top'), 'utf8')).toBe('y');
    expect(readdirSync(outside).sort()).toEqual(['canary', 'root']);
  });

  test('a last link is not written through: it is refused, or replaced', () => {
    symlinkSync(join(outside, 'canary'), at('out'));
    // It leads nowhere inside: the name is free as far as content goes, and the link itself is replaced.
    tree.addFile('/out', content('mine'), 0o644, false);
    expect(lstatSync(at('out')).isFile()).toBe(true);
    expect(readFileSync(join(outside, 'canary'), 'utf8')).toBe('outside');
  });

  test('permission bits are kept, set-id bits are not', () => {
    tree.addFile('/bin/su', content('x'), 0o6755, false);
    expect(statSync(at('bin/su')).mode & 0o7777).toBe(0o755);
    tree.makeDirectory('/tmp', 0o1777);
    expect(statSync(at('tmp')).mode & 0o7777).toBe(0o1777);
  });

  test('the same stays, another is refused, or replaced as a whole', () => {
    expect(tree.addFile('/f', content('one'), 0o644, false)).toBe(true);
    expect(tree.addFile('/f', content('one'), 0o644, false)).toBe(false);
    expect(code(() => tree.addFile('/f', content('two'), 0o644, false))).toBe('rootfs-file-differs');
    expect(tree.addFile('/f', content('two'), 0o644, true)).toBe(true);
    expect(readFileSync(at('f'), 'utf8')).toBe('two');
    expect(tree.addLink('/l', 'f', false)).toBe(true);
    expect(tree.addLink('/l', 'f', false)).toBe(false);
    expect(code(() => tree.addLink('/l', 'g', false))).toBe('rootfs-file-differs');
    expect(tree.addLink('/l', 'g', true)).toBe(true);
    expect(readlinkSync(at('l'))).toBe('g');
    expect(readdirSync(directory).sort()).toEqual(['f', 'l']);
  });

  test('what is of another kind is in the way', () => {
    tree.makeDirectory('/d');
    tree.addFile('/f', content('x'), 0o644, false);
    expect(code(() => tree.addFile('/d', content('x'), 0o644, true))).toBe('path-in-the-way');
    expect(code(() => tree.addFile('/f/g', content('x'), 0o644, true))).toBe('path-in-the-way');
    expect(code(() => tree.makeDirectory('/f'))).toBe('path-in-the-way');
  });

  test('clear takes everything, and nothing that links lead to', () => {
    tree.addFile('/a/b/c', content('x'), 0o644, false);
    symlinkSync(outside, at('out'));
    tree.clear();
    expect(tree.isEmpty()).toBe(true);
    expect(existsSync(join(outside, 'canary'))).toBe(true);
  });
});
