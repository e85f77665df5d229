// Arguments that name things: namespaces, interfaces, processes, id maps. They are only taken apart here; whether a name
// or an address is a proper one is for the helper to say.

import type { Input } from '../rpc/contract';
import { diskOf } from '../rpc/contract/disk-text';
import { KINDS } from '../rpc/contract/kinds';
import { Usage } from './usage';

export type KindName = (typeof KINDS)[number];
type Plan = Input<'session/open'>;
export type Join = NonNullable<Plan['join']>[number];
export type NetnsArgument = NonNullable<Input<'link/list'>['netns']>;
export type LinkArgument = Input<'link/set'>['link'];
export type IdMapArgument = NonNullable<Plan['uidMap']>[number];

const DIGITS = /^[0-9]+$/;

export function text(argument: string): string {
  if (argument === '') throw new Usage('This must not be empty.');
  return argument;
}

/** A whole number, optionally negative. */
export function integer(argument: string): number {
  if (!/^-?[0-9]{1,15}$/.test(argument)) throw new Usage('“{argument}” is not a whole number.', { argument });
  return Number(argument);
}

export function oneOf<const T extends string>(...words: readonly T[]): (argument: string) => T {
  return (argument) => {
    const found = words.find((word) => word === argument);
    if (found === undefined)
      throw new Usage('“{argument}” is not one of {words}.', { argument, words: words.join(', ') });
    return found;
  };
}

export const kind = oneOf(...KINDS);

/** `mnt,pid,net`, or `all`; in the order of KINDS, each once. */
export function kinds(argument: string): KindName[] {
  if (argument === 'all') return [...KINDS];
  const wanted = argument.split(',').map(kind);
  return KINDS.filter((one) => wanted.includes(one));
}

export function pid(argument: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(argument)) throw new Usage('“{argument}” is not a pid.', { argument });
  return Number(argument);
}

/** `host`, `net:ID`, `pid:PID`, `name:NAME` (whatever it looks like), else a name in /run/netns. */
export function netns(argument: string): NetnsArgument {
  if (argument === 'host') return { host: true };
  const [, form, value = ''] = /^(net|pid|name):(.*)$/s.exec(argument) ?? [];
  if (form === 'net') return { id: id(value) };
  if (form === 'pid') return { pid: pid(value) };
  if (form === 'name') return { name: text(value) };
  return { name: text(argument) };
}

/** A namespace to delete: by name or `net:ID`. */
export function namedNetns(argument: string): Input<'netns/delete'>['netns'] {
  const ref = netns(argument);
  if ('name' in ref || 'id' in ref) return ref;
  throw new Usage('Only a name, or net:ID, can be deleted here.');
}

/** `NAME[@NETNS]`, or `index:N[@NETNS]`; the first `@` divides. */
export function link(argument: string): LinkArgument {
  const { name, netns } = split(argument);
  const index = /^index:([0-9]{1,10})$/.exec(name)?.[1];
  return { ...(index === undefined ? { name } : { index: Number(index) }), ...(netns && { netns }) };
}

/** One end of a pair to make: `NAME[@NETNS]`. */
export function end(argument: string): { name: string; netns?: NetnsArgument } {
  return split(argument);
}

function split(argument: string): { name: string; netns?: NetnsArgument } {
  const at = argument.indexOf('@');
  return at < 0
    ? { name: text(argument) }
    : { name: text(argument.slice(0, at)), netns: netns(argument.slice(at + 1)) };
}

/** `KIND:ID`. */
export function namespace(argument: string): { kind: KindName; id: string } {
  const [, word = '', number = ''] = /^([a-z]+):([0-9]+)$/.exec(argument) ?? [];
  if (word === '') throw new Usage('“{argument}” is not KIND:ID, such as net:4026531840.', { argument });
  return { kind: kind(word), id: id(number) };
}

/** `KIND=PID`, `KIND=KIND:ID`, and for net all forms of a network namespace. */
export function join(argument: string): Join {
  const equals = argument.indexOf('=');
  if (equals < 0) throw new Usage('“{argument}” is not KIND=NETNS or KIND=PID.', { argument });
  const which = kind(argument.slice(0, equals));
  const of = text(argument.slice(equals + 1));
  if (DIGITS.test(of)) return { kind: which, of: { pid: pid(of) } };
  if (which === 'net') return { kind: which, of: netns(of) };
  const reference = namespace(of);
  if (reference.kind !== which)
    throw new Usage('A namespace of kind {found} cannot be joined as {kind}.', { found: reference.kind, kind: which });
  return { kind: which, of: reference };
}

/** `IN:OUT:N`, as a line of uid_map. */
export function idMap(argument: string): IdMapArgument {
  const [inside, outside, count, ...more] = argument.split(':');
  if (more.length > 0 || [inside, outside, count].some((part) => !DIGITS.test(part ?? '')))
    throw new Usage('“{argument}” is not INSIDE:OUTSIDE:COUNT, such as 0:1000:1.', { argument });
  return { inside: Number(inside), outside: Number(outside), count: Number(count) };
}

export function disk(argument: string): { size: number; target: string } {
  const read = diskOf(argument);
  if (read === undefined) throw new Usage('“{argument}” is not SIZE:DIR, such as 256M:/mnt.', { argument });
  return read;
}

function id(argument: string): string {
  if (!/^[1-9][0-9]{0,19}$/.test(argument)) throw new Usage('“{argument}” is not a namespace id.', { argument });
  return argument;
}

/** How a reference is written on the command line again. */
export function netnsText(ref: NetnsArgument): string {
  if ('host' in ref) return 'host';
  if ('name' in ref) return ref.name;
  return 'id' in ref ? `net:${ref.id}` : `pid:${ref.pid}`;
}
