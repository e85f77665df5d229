// Shells in a root directory: plans, what the command line says of a directory, and the folder that the explorer passes.
import { describe, expect, test } from 'vitest';
import { targetOf } from '../../../extension/commands/target';
import { checkedOf, rootLook, rootPlan, saidBy } from '../../../extension/terminals/roots';
import { SessionPlan } from '../../../helper/rpc/contract/session';
import { settlePlan } from '../../../helper/services/session/plan';

const ROOT = { uid: 0, gid: 0, groups: [0] };

describe('a shell with its own root', () => {
  test('chroot alone makes no namespace', () => {
    const plan = rootPlan('chroot', '/bin/ash');
    expect(plan).toEqual({ root: true, command: ['/bin/ash'] });
    expect(() => settlePlan(SessionPlan.parse(plan), ROOT)).not.toThrow();
  });

  test('with namespaces: those that a root of its own is worth having with, and a fresh /proc', () => {
    const plan = rootPlan('pivot', '/bin/sh');
    expect(plan).toMatchObject({ new: ['mnt', 'uts', 'ipc', 'pid'], proc: 'fresh', root: true });
    expect(() => settlePlan(SessionPlan.parse(plan), ROOT)).not.toThrow();
  });

  test('is named after the directory, without what could drive a terminal', () => {
    expect(rootLook('/srv/alp\u001bine')).toMatchObject({ name: 'alp\\x1bine', root: '/srv/alp\u001bine' });
    expect(rootLook('/').name).toBe('/');
  });
});

describe('what the command line says', () => {
  test('of a shell and what it lacks', () => {
    const said = {
      program: '/bin/sh',
      missing: [{ name: 'libc.so.6', neededBy: '/bin/sh' }],
      broken: ['/lib/liba.so'],
    };
    expect(checkedOf(JSON.stringify(said))).toEqual({ program: '/bin/sh', missing: ['libc.so.6', '/lib/liba.so'] });
    expect(checkedOf('')).toBeUndefined();
    expect(checkedOf('{"program": 1}')).toBeUndefined();
    expect(checkedOf('null')).toBeUndefined();
  });

  test.each([
    ['isolab: DIR: /x is not empty. Choose another place.\n', '/x is not empty. Choose another place.'],
    ['isolab: There is no busybox on this machine.\n', 'There is no busybox on this machine.'],
    ['isolab: --busybox: There is no program x.', 'There is no program x.'],
    ['spawn ENOENT', 'spawn ENOENT'],
  ])('%j, in its own words', (stderr, words) => {
    expect(saidBy(stderr)).toBe(words);
  });
});

describe('a folder of the explorer', () => {
  test('is the target where it is of this machine', () => {
    const uri = (scheme: string) => ({ scheme, fsPath: '/srv/root', path: '/srv/root' });
    expect(targetOf(uri('file'), [uri('file')])).toEqual({ nodes: [], folder: '/srv/root' });
    expect(targetOf(uri('vscode-vfs'), undefined)).toEqual({ nodes: [] });
    expect(targetOf({ scheme: 'file', fsPath: 1 }, undefined)).toEqual({ nodes: [] });
  });
});
