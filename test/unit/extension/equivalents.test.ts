// What the editor writes down of its requests, and that writing never stands in an action's way.
import { describe, expect, test } from 'vitest';
import { recording } from '../../../extension/equivalents/recording';
import { titleOf } from '../../../extension/equivalents/titles';
import { METHODS, type MethodName } from '../../../helper/rpc/contract';
import type { Client } from '../../../helper/rpc/contract/client';
import type { Equivalent } from '../../../helper/rpc/contract/command';
import { Failure } from '../../../helper/rpc/contract/errors';
import { english } from './samples';

type Answer = (method: MethodName, params: unknown, options: unknown) => unknown;

/** A client with these answers; what it was asked, and what was written. */
function recorded(answer: Answer) {
  const asked: MethodName[] = [];
  const written: [string, Equivalent][] = [];
  const call = async (method: MethodName, params: unknown, options: unknown) => {
    asked.push(method);
    return answer(method, params, options);
  };
  const idle = () => () => {};
  const client = { greeting: {}, call, onChanged: idle, onClose: idle, close: () => {} } as unknown as Client;
  return { asked, written, client: recording(client, (...entry) => written.push(entry), english) };
}

const LINES: Equivalent = { lines: [['ip', 'netns', 'add', 'red']] };

describe('recording', () => {
  test('asks before, acts, writes after', async () => {
    const { asked, written, client } = recorded((method) => (method === 'command/equivalent' ? LINES : { done: true }));
    expect(await client.call('netns/create', { name: 'red' })).toEqual({ done: true });
    expect(asked).toEqual(['command/equivalent', 'netns/create']);
    expect(written).toEqual([['Create network namespace red', LINES]]);
  });

  test('a question that fails is no matter: the action is done, nothing is written', async () => {
    const { written, client } = recorded((method) => {
      if (method === 'command/equivalent') throw new Failure({ kind: 'invalid', rule: { code: 'unknown-method' } });
      return { done: true };
    });
    expect(await client.call('netns/create', { name: 'red' })).toEqual({ done: true });
    expect(written).toEqual([]);
  });

  test('of a refused action nothing is written, and the refusal is the action’s own', async () => {
    const refusal = new Failure({ kind: 'exists' });
    const { written, client } = recorded((method) => {
      if (method === 'command/equivalent') return LINES;
      throw refusal;
    });
    await expect(client.call('netns/create', { name: 'red' })).rejects.toBe(refusal);
    expect(written).toEqual([]);
  });

  test('a shell’s line is the one of its answer', async () => {
    const { asked, written, client } = recorded(() => ({ ticket: 'x', equivalent: ['unshare', '--uts'] }));
    await client.call('session/open', { new: ['uts'], title: 'uts isolated' });
    expect(asked).toEqual(['session/open']);
    expect(written).toEqual([['Open shell: uts isolated', { lines: [['unshare', '--uts']] }]]);
  });

  test('how an action is called off, and how far it is, goes through', async () => {
    const options = { signal: new AbortController().signal, onProgress: () => {} };
    const { client } = recorded((method, _params, given) => (method === 'command/equivalent' ? LINES : { given }));
    expect(await client.call('image/remove', { image: { name: 'x' } }, options)).toEqual({ given: options });
    expect(await client.call('image/list', {}, options)).toEqual({ given: options });
  });

  test('what only looks is not written, nor a dry run', async () => {
    const none: Equivalent = { lines: [], none: { code: 'changes-nothing' } };
    const { asked, written, client } = recorded((method) => (method === 'command/equivalent' ? none : {}));
    await client.call('netns/list', {});
    expect(asked).toEqual(['netns/list']);
    await client.call('helper/cleanup', { dryRun: true });
    expect(written).toEqual([]);
  });
});

describe('titles', () => {
  test('there is one for every method that changes something, and for no other', () => {
    const some = { name: 'x', netns: { host: true }, link: {}, a: {}, b: {} };
    for (const { name, access } of Object.values(METHODS)) {
      const ask = () => titleOf(name, some as never, english) !== undefined;
      // Those whose parameters are others than these throw: they are there.
      const there = (() => {
        try {
          return ask();
        } catch {
          return true;
        }
      })();
      expect([name, there]).toEqual([name, access === 'change']);
    }
  });

  test('a name cannot end the comment that it stands in', () => {
    const name = 'a\nreboot';
    expect(titleOf('netns/delete', { netns: { name } }, english)).toBe('Delete network namespace a\\x0areboot');
    const link = { name: 'x\u2028y', netns: { name } };
    expect(titleOf('link/set', { link, up: true, mtu: 1400, name: 'z' }, english)).toBe(
      'Set the MTU of x\\u{2028}y to 1400, Rename x\\u{2028}y to z, Bring up x\\u{2028}y',
    );
  });
});
