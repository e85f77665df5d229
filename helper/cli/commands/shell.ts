// isolab shell, enter, session list, session reopen: programs with their own, or somebody else's, namespaces.
import { resolve as absolutePath } from 'node:path';
import type { EndedSession, Session } from '../../rpc/contract/session';
import { type Command, command, flag, many, operand, value } from '../command';
import type { Context } from '../context';
import { disk, idMap, integer, join, kinds, oneOf, pid, text } from '../refs';
import { commandInside } from '../root-shell';
import { openShell, type Plan, reopenShell } from '../session';
import { table } from '../table';

export const SHELLS: readonly Command[] = [
  command({
    words: 'shell',
    summary: 'Open a shell, or run a program, in new namespaces and in those of others.',
    notes: [
      'Only the kinds you name are new; with none the shell is a plain child.',
      'The exit status is that of the shell; 128 + N where signal N ended it.',
    ],
    options: {
      new: value('KINDS', kinds, 'Kinds to create, with commas between them, or all.'),
      join: many(
        'KIND=NETNS|PID',
        join,
        'A kind to enter: that of a process (digits), of a network namespace by name, or KIND:ID.',
      ),
      as: value(
        'root|me|mapped',
        oneOf('root', 'me', 'mapped'),
        'Who you are inside. mapped: root inside, you outside; it needs a new user namespace and is the default where all kinds are new and user is among them, else root.',
      ),
      'map-uid': many('IN:OUT:N', idMap, 'A line of uid_map: inside, outside, how many.'),
      'map-gid': many('IN:OUT:N', idMap, 'A line of gid_map.'),
      proc: value(
        'fresh|keep',
        oneOf('fresh', 'keep'),
        'A /proc of its own, or the one there is. Fresh is the default where pid and mnt are both new.',
      ),
      propagation: value(
        'private|slave|shared|unchanged',
        oneOf('private', 'slave', 'shared', 'unchanged'),
        'Propagation of the mounts in a new mnt namespace; private when left out.',
      ),
      monotonic: value('S', integer, 'Seconds to add to the monotonic clock of a new time namespace.'),
      boottime: value('S', integer, 'Seconds to add to the boot clock of a new time namespace.'),
      hostname: value('H', text, 'Host name in a new uts namespace.'),
      domainname: value('D', text, 'NIS domain name in a new uts namespace.'),
      root: value('DIR', text, 'Directory that becomes the root directory; the shell is then one that is in it.'),
      disk: many(
        'SIZE:DIR',
        disk,
        'A new disk of its own, mounted at a directory that is there: 256M:/mnt. It needs a new mnt namespace, and a helper with root; it is gone with the namespace.',
      ),
      cwd: value('DIR', text, 'Directory to start in; the present one when left out.'),
    },
    program: 'optional',
    fields: {
      new: '--new',
      join: '--join',
      as: '--as',
      uidMap: '--map-uid',
      gidMap: '--map-gid',
      proc: '--proc',
      propagation: '--propagation',
      monotonic: '--monotonic',
      boottime: '--boottime',
      hostname: '--hostname',
      domainname: '--domainname',
      root: '--root',
      disks: '--disk',
      cwd: '--cwd',
      command: 'CMD',
    },
    run: async (context, given, program) => {
      const asked = program.length > 0 ? program : undefined;
      const command = given.root === undefined ? asked : commandInside(context, absolutePath(given.root), asked);
      const plan: Plan = {
        ...(given.new && { new: given.new }),
        ...(given.join.length > 0 && { join: [...given.join] }),
        ...(given.as && { as: given.as }),
        ...(given['map-uid'].length > 0 && { uidMap: [...given['map-uid']] }),
        ...(given['map-gid'].length > 0 && { gidMap: [...given['map-gid']] }),
        ...(given.proc && { proc: given.proc }),
        ...(given.propagation && { propagation: given.propagation }),
        ...(given.monotonic !== undefined && { monotonic: given.monotonic }),
        ...(given.boottime !== undefined && { boottime: given.boottime }),
        ...(given.hostname !== undefined && { hostname: given.hostname }),
        ...(given.domainname !== undefined && { domainname: given.domainname }),
        ...(given.disk.length > 0 && { disks: [...given.disk] }),
        ...(given.cwd !== undefined && { cwd: given.cwd }),
        ...(command !== undefined && { command: [...command] }),
      };
      return openShell(context, plan, given.root);
    },
  }),
  command({
    words: 'enter',
    summary: 'Open a shell, or run a program, in the namespaces of a process.',
    operands: { pid: operand('PID', pid, 'The process, by its pid on the host.') },
    options: {
      kinds: value('KINDS', kinds, 'Which of its namespaces; those it does not share with the host when left out.'),
    },
    program: 'optional',
    fields: { a: 'PID', join: 'PID', command: 'CMD' },
    run: async (context, given, program) => {
      const { greeting } = await context.connected();
      const { a, kinds } = await context.call('namespace/compare', { a: { pid: given.pid }, b: { pid: greeting.pid } });
      const apart = kinds.filter((one) => one.shared === false).map((one) => one.kind);
      const plan: Plan = {
        join: (given.kinds ?? apart).map((kind) => ({ kind, of: { pid: a.pid, startTime: a.startTime } })),
        ...(program.length > 0 && { command: [...program] }),
      };
      return openShell(context, plan);
    },
  }),
  command({
    words: 'session list',
    summary: 'List the isolated shells that live: yours, and for root everybody’s.',
    options: { ended: flag('Those that ended instead, the last first, as far as they are remembered.') },
    run: async (context, given) =>
      context.show(await context.call('session/list', {}), ({ sessions, ended }) =>
        given.ended ? endedRows(context, ended) : rows(context, sessions),
      ),
  }),
  command({
    words: 'session reopen',
    summary: 'Begin a session that ended anew: the same namespaces and program, in this terminal.',
    notes: ['Of a session that lives it opens a shell in the same namespaces.'],
    operands: { session: operand('ID', text, 'Its id, as in “isolab session list --ended”.') },
    options: { root: value('DIR', text, 'The root directory, where the session had one.') },
    fields: { session: 'ID', root: '--root' },
    run: (context, given) => reopenShell(context, given.session, given.root),
  }),
];

function endedRows(context: Context, ended: readonly EndedSession[]): string[] {
  const { t } = context;
  const how = ({ exit, signal }: EndedSession) =>
    exit !== undefined ? String(exit) : signal !== undefined ? t('signal {number}', { number: signal }) : t('unknown');
  return table(
    ['ID', 'UID', t('ENDED'), t('STATUS'), t('TITLE'), t('COMMAND')],
    ended.map((one) => [
      one.id,
      one.uid,
      one.endedAt === undefined ? t('unknown') : shortTime(one.endedAt),
      how(one),
      one.title,
      one.command.join(' '),
    ]),
    context.columns(),
  );
}

/** UTC, whole seconds. */
function shortTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

function rows(context: Context, sessions: readonly Session[]): string[] {
  const { t } = context;
  return table(
    ['ID', 'PID', 'UID', t('SINCE'), t('NEW'), t('TITLE'), t('COMMAND')],
    sessions.map((one) => [
      one.id,
      one.pid,
      one.uid,
      shortTime(one.openedAt),
      one.plan.new?.join(',') || undefined,
      one.title,
      one.command.join(' '),
    ]),
    context.columns(),
  );
}
