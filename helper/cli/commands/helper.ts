// isolab helper, doctor, cleanup, call: the daemon itself and everything about it.
import { escaped } from '../../rpc/contract/escape';
import type { Finding, MadeObject } from '../../rpc/contract/helper';
import { coded } from '../../rpc/contract/sentences';
import { type Command, command, flag, operand, value } from '../command';
import { connectToEnd, tellWhy } from '../connect';
import type { Context } from '../context';
import { integer, oneOf, text } from '../refs';
import { table } from '../table';
import { safeJson } from '../text';
import { Usage } from '../usage';

export const HELPER: readonly Command[] = [
  command({
    words: 'helper',
    summary:
      'Start the helper, the daemon that all other commands ask: as root for the whole machine, else without root.',
    options: {
      realm: value(
        'REALM',
        oneOf('host', 'user'),
        'host: with root’s rights; user: root only in namespaces of one’s own. By who starts it when left out.',
      ),
      state: value('DIR', text, 'Where it keeps what it must remember; beside the socket when only that is given.'),
      data: value(
        'DIR',
        text,
        'Where it keeps images and containers; that of --state when only that is given, else one that outlives a boot.',
      ),
      'idle-exit': value('S', seconds, 'Leave after so many seconds without a client; 900 when left out.'),
      foreground: flag('Stay in this terminal instead of becoming a daemon.'),
    },
    run: async ({ program, socket }, given) => {
      try {
        await program.daemon({
          ...(given.realm !== undefined && { realm: given.realm }),
          ...(socket !== undefined && { socket }),
          ...(given.state !== undefined && { state: given.state }),
          ...(given.data !== undefined && { data: given.data }),
          ...(given['idle-exit'] !== undefined && { idleExit: given['idle-exit'] }),
          foreground: given.foreground,
        });
      } catch (error) {
        tellWhy(error);
        throw error;
      }
      return 0;
    },
  }),
  command({
    words: 'shutdown',
    summary: 'End the helper, of whatever version. What it made stays, and shells go on.',
    run: async (context) => {
      const { socket, program } = context;
      const client = await connectToEnd({
        socket,
        uid: process.getuid?.() ?? -1,
        env: process.env,
        script: program.script,
      });
      const gone = new Promise<void>((resolve) => client.onClose(resolve));
      await client.call('helper/shutdown', {});
      await gone;
      return context.show({ pid: client.greeting.pid }, () => []);
    },
  }),
  command({
    words: 'doctor',
    summary: 'Say what this machine lacks and what looks wrong, each with its mend.',
    run: async (context) =>
      context.show(await context.call('helper/doctor', {}), ({ findings }) =>
        findings.flatMap((one) => finding(context, one)),
      ),
  }),
  command({
    words: 'cleanup',
    summary: 'Remove everything Isolab made that still stands, and nothing else.',
    options: { 'dry-run': flag('Only list it.') },
    run: async (context, given) => {
      const { t } = context;
      const result = await context.call('helper/cleanup', given['dry-run'] ? { dryRun: true } : {});
      context.show(result, ({ removed }) => made(context, removed));
      for (const { object, reason } of context.json ? [] : result.kept)
        context.note(t('Kept: {type} {name}. {reason}', { ...named(object), reason: coded(reason, t) }));
      return 0;
    },
  }),
  command({
    words: 'call',
    summary: 'Call any method of the helper with parameters in JSON, and print its raw result.',
    operands: {
      method: operand('METHOD', text, 'Its name, such as netns/list; docs/protocol.md has them all.'),
      params: operand('JSON', json, 'Its parameters: {}, or {"name": "blue"}.'),
    },
    run: async (context, { method, params }) => {
      const result = await context.callByName(method, params);
      return context.show(result, (all) => [safeJson(all)]);
    },
  }),
];

/** Params are an object; anything else JSON-RPC would take for something different. */
function json(argument: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(argument);
  } catch (error) {
    throw new Usage('This is not JSON: {why}', { why: error instanceof Error ? error.message : '' });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Usage('The parameters are a JSON object: {}');
  return parsed;
}

function seconds(argument: string): number {
  const number = integer(argument);
  if (number < 0) throw new Usage('“{argument}” is less than nothing.', { argument });
  return number;
}

function finding({ t }: Context, { severity, finding: what, mend }: Finding): string[] {
  const mark = { problem: t('problem'), warning: t('warning'), ok: t('ok') }[severity];
  const lines = [`${mark}: ${escaped(coded(what, t))}`];
  return mend ? [...lines, `  ${escaped(coded(mend, t))}`] : lines;
}

function named(object: MadeObject): { type: string; name: string } {
  return { type: object.type, name: object.netns === undefined ? object.name : `${object.name}@${object.netns}` };
}

function made({ t }: Context, objects: readonly MadeObject[]): string[] {
  return table(
    [t('TYPE'), t('NAME')],
    objects.map((object) => {
      const { type, name } = named(object);
      return [type, name];
    }),
  );
}
