// What the editor's terminals decide without an editor: how shells are made to report, which terminals come back, and whom a
// pid in a terminal means.
import { mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isolatedFirst, processMeant } from '../../../extension/terminals/processes-meant';
import { plainReporting, reportingOf, type Surroundings } from '../../../extension/terminals/reporting';
import { restorable } from '../../../extension/terminals/restorable';
import type { EndedSession, Session } from '../../../helper/rpc/contract/session';
import { undoAfterEach } from '../../support/cleanup';
import { id, process } from './samples';

const undo = undoAfterEach();

describe('how a shell is made to report', () => {
  const around: Surroundings = { appRoot: '/editor', folder: '/ours/zsh', env: { HOME: '/home/me' } };
  const scripts = '/editor/out/vs/workbench/contrib/terminal/common/scripts';

  test('as the editor starts it: bash, zsh, fish, pwsh; no other', () => {
    expect(plainReporting('bash', around)).toMatchObject({
      arguments: ['--init-file', `${scripts}/shellIntegration-bash.sh`],
      environment: ['VSCODE_INJECTION=1', 'VSCODE_STABLE=1'],
    });
    expect(plainReporting('zsh', around)).toMatchObject({
      file: '/ours/zsh/.zshrc',
      arguments: ['-i'],
      environment: expect.arrayContaining(['ZDOTDIR=/ours/zsh', 'USER_ZDOTDIR=/home/me']),
    });
    const own = { ...around, env: { HOME: '/home/me', ZDOTDIR: '/home/me/.z' } };
    expect(plainReporting('zsh', own)?.environment).toContain('USER_ZDOTDIR=/home/me/.z');
    expect(plainReporting('fish', around)?.arguments).toEqual([
      '--init-command',
      `source "${scripts}/shellIntegration.fish"`,
    ]);
    expect(plainReporting('pwsh', around)?.arguments).toEqual([
      '-noexit',
      '-command',
      `. "${scripts}/shellIntegration.ps1"`,
    ]);
    for (const name of ['sh', 'dash', 'bash.sh', '', 'constructor'])
      expect(plainReporting(name, around)).toBeUndefined();
  });

  test('a path that another language would read differently is not put into a line of it', () => {
    for (const appRoot of ['/ed"itor', '/ed$(x)itor', '/ed`x`', '/ed\\itor', '/ed\nitor']) {
      expect(plainReporting('fish', { ...around, appRoot })).toBeUndefined();
      expect(plainReporting('pwsh', { ...around, appRoot })).toBeUndefined();
      expect(plainReporting('bash', { ...around, appRoot })).toBeDefined();
    }
  });

  test('only where the editor has the script; for zsh by links that follow it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reporting-'));
    undo(() => rm(folder, { recursive: true, force: true }));
    const there = { appRoot: folder, folder: join(folder, 'zsh'), env: { HOME: '/home/me' } };
    expect(await reportingOf('/bin/bash', there)).toBeUndefined();
    const place = join(folder, 'out/vs/workbench/contrib/terminal/common/scripts');
    await mkdir(place, { recursive: true });
    for (const name of ['shellIntegration-bash.sh', 'shellIntegration-rc.zsh']) await writeFile(join(place, name), '');
    expect(await reportingOf('/usr/bin/bash', there)).toMatchObject({ name: 'bash' });
    expect(await reportingOf('zsh', there)).toMatchObject({ name: 'zsh' });
    expect(await reportingOf('zsh', there)).toMatchObject({ name: 'zsh' });
    expect(await readlink(join(folder, 'zsh/.zshrc'))).toBe(join(place, 'shellIntegration-rc.zsh'));
  });
});

describe('which terminals come back', () => {
  const entry = (session: string) => ({
    session,
    args: [session],
    name: session,
    icon: 'shield',
    color: 'terminal.ansiBlue',
  });
  const living = (id: string, terminal?: Session['terminal']) => ({ id, ...(terminal && { terminal }) }) as Session;
  const ended = (id: string) => ({ id }) as EndedSession;

  test('those whose session ended or lost its terminal; not those that live, nor those of which nothing is known', () => {
    const list = { sessions: [living('here', { pid: 7, startTime: '1' }), living('lost')], ended: [ended('over')] };
    const { found, gone } = restorable(['here', 'lost', 'over', 'forgotten'].map(entry), list);
    expect(found.map(({ session }) => session)).toEqual(['here']);
    expect(gone.map(({ session }) => session)).toEqual(['lost', 'over']);
  });
});

describe('whom a pid in a terminal means', () => {
  const host = new Set([id('1'), id('2')]);
  const outside = process({ pid: 1, pids: [1], namespaces: { pid: id('1'), net: id('2') } });
  const first = process({ pid: 500, pids: [500, 1], namespaces: { pid: id('9'), net: id('2') } });
  const other = process({ pid: 501, pids: [501, 1], namespaces: { pid: id('8'), net: id('7') } });

  test('in a shell with a pid namespace of its own that of there, anywhere else the host’s', () => {
    const all = [outside, first, other];
    expect(processMeant(1, all, undefined, host)).toBe(outside);
    expect(processMeant(1, all, { namespaces: { pid: id('1') } }, host)).toBe(outside);
    expect(processMeant(1, all, { namespaces: { pid: id('9') } }, host)).toBe(first);
    expect(processMeant(500, all, { namespaces: { pid: id('9') } }, host)).toBeUndefined();
    expect(processMeant(77, all, undefined, host)).toBeUndefined();
  });

  test('it is shown by what sets it apart', () => {
    expect([outside, first, other].map((each) => isolatedFirst(each, host))).toEqual(['pid', 'pid', 'pid']);
    const net = process({ pid: 5, pids: [5], namespaces: { pid: id('1'), net: id('7'), uts: id('6') } });
    expect(isolatedFirst(net, new Set([id('1')]))).toBe('uts');
  });
});
