// From the words of docker-run(1) to a plan: sizes, volumes, mounts, devices, limits. Files are opened here, with the
// person's own rights, and stay open until the helper has fetched them.
import { constants, openSync } from 'node:fs';
import { resolve as absolutePath } from 'node:path';
import type { Input } from '../rpc/contract';
import { disk, netns } from './refs';
import { Usage } from './usage';

export type Plan = Input<'container/create'>;
type Mount = NonNullable<Plan['mounts']>[number];
type Device = NonNullable<Plan['devices']>[number];
export type Limits = NonNullable<Plan['limits']>;
export type Ref = Input<'container/start'>['container'];

const O_PATH = 0o10000000;
const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Twelve hexadecimal digits or more are an id; everything else, and what stands behind `name:`, is a name. */
export function container(argument: string): Ref {
  if (/^[0-9a-f]{12,64}$/.test(argument)) return { id: argument };
  const name = argument.replace(/^name:/, '');
  if (name === '') throw new Usage('This must not be empty.');
  return { name };
}

/** `512m`, `1.5g`, bytes. */
export function size(argument: string): number {
  const found = /^(\d{1,15}(?:\.\d{1,6})?)([bkmgt])?b?$/i.exec(argument);
  if (found === null) throw new Usage('“{argument}” is not a size, such as 512m.', { argument });
  return Math.round(Number(found[1]) * (UNITS[(found[2] ?? 'b').toLowerCase()] ?? 1));
}

export function memory(argument: string): number | 'unlimited' {
  return argument === '-1' || argument === 'unlimited' ? 'unlimited' : size(argument);
}

export function number(argument: string): number {
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(argument)) throw new Usage('“{argument}” is not a number.', { argument });
  return Number(argument);
}

/** `NAME=VALUE`, or the name of a variable of one's own. */
export function variable(argument: string): string {
  if (argument.startsWith('=') || argument === '') throw new Usage('A variable is written NAME=VALUE.');
  return argument;
}

/** A name alone brings the value it has here, if it has one. */
export function environment(variables: readonly string[]): string[] {
  return variables.flatMap((each) => {
    if (each.includes('=')) return [each];
    const value = process.env[each];
    return value === undefined ? [] : [`${each}=${value}`];
  });
}

export function labels(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf('=');
      return equals < 0 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

/** `SOURCE:TARGET[:ro]`. */
export function volume(argument: string): Bind {
  const [source = '', target = '', mode = 'rw', ...more] = argument.split(':');
  if (target === '' || more.length > 0 || !['ro', 'rw'].includes(mode))
    throw new Usage('“{argument}” is not SOURCE:TARGET or SOURCE:TARGET:ro.', { argument });
  if (!source.includes('/') && source !== '.')
    throw new Usage('“{source}” is no path: there are no volumes with names; write ./{source} for a directory.', {
      source,
    });
  return { source, target, readonly: mode === 'ro' };
}

/** `TARGET[:size=64m,mode=1777,exec,ro]`. */
export function tmpfs(argument: string): Mount {
  const colon = argument.indexOf(':');
  const target = colon < 0 ? argument : argument.slice(0, colon);
  const mount: Extract<Mount, { type: 'tmpfs' }> = { type: 'tmpfs', target };
  for (const option of colon < 0 ? [] : argument.slice(colon + 1).split(',')) {
    const [name = '', value] = option.split('=', 2);
    if (name === 'size' && value !== undefined) mount.size = size(value);
    else if (name === 'mode' && /^[0-7]{1,4}$/.test(value ?? '')) mount.mode = Number.parseInt(value ?? '', 8);
    else if (option === 'exec' || option === 'noexec') mount.exec = option === 'exec';
    else if (option === 'ro' || option === 'rw') mount.readonly = option === 'ro';
    else throw new Usage('A tmpfs has no option “{option}” here.', { option });
  }
  return mount;
}

/** `SIZE:TARGET`, as shells have it. */
export function diskMount(argument: string): Mount {
  return { type: 'disk', ...disk(argument) };
}

/** `type=bind,src=…,dst=…[,readonly]`, `type=tmpfs,dst=…[,tmpfs-size=…]` or `type=disk,size=…,dst=…[,readonly]`. */
export function mount(argument: string): Bind | Mount {
  const found = new Map<string, string>();
  for (const part of argument.split(',')) {
    const equals = part.indexOf('=');
    found.set(equals < 0 ? part : part.slice(0, equals), equals < 0 ? 'true' : part.slice(equals + 1));
  }
  const take = (...names: string[]) => {
    for (const name of names) {
      const value = found.get(name);
      found.delete(name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const type = take('type') ?? 'volume';
  const target = take('target', 'dst', 'destination') ?? '';
  const readonly = take('readonly', 'ro') === 'true';
  const source = take('source', 'src');
  const bytes = take('tmpfs-size');
  const room = type === 'disk' ? take('size') : undefined;
  const mode = take('tmpfs-mode');
  const [unknown] = found.keys();
  if (unknown !== undefined) throw new Usage('A mount has no option “{option}” here.', { option: unknown });
  if (type === 'bind' && source !== undefined && target !== '') return { source, target, readonly };
  if (room !== undefined && target !== '' && source === undefined && bytes === undefined && mode === undefined) {
    return { type: 'disk', target, size: size(room), ...(readonly && { readonly }) };
  }
  if (type !== 'tmpfs' || target === '' || source !== undefined)
    throw new Usage(
      '“{argument}” is not type=bind,src=SOURCE,dst=TARGET, type=tmpfs,dst=TARGET or type=disk,size=SIZE,dst=TARGET.',
      { argument },
    );
  return {
    ...{ type, target, readonly },
    ...(bytes !== undefined && { size: size(bytes) }),
    ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }),
  };
}

/** Binds are opened, with the person's own rights. */
export function openMount(given: Bind | Mount): Mount {
  if ('type' in given) return given;
  const { target, readonly } = given;
  return { type: 'bind', source: openPath(given.source), target, ...(readonly && { readonly }) };
}

interface DeviceArgument {
  readonly source: string;
  readonly target: string;
  readonly access?: string;
}

/** `/dev/fuse[:TARGET][:rwm]`. */
export function device(argument: string): DeviceArgument {
  const [source = '', second, third, ...more] = argument.split(':');
  const access = third ?? (second !== undefined && /^[rwm]{1,3}$/.test(second) ? second : undefined);
  const target = second !== undefined && second !== access ? second : source;
  if (source === '' || more.length > 0 || (access !== undefined && !/^r?w?m?$/.test(access)))
    throw new Usage('“{argument}” is not DEVICE, DEVICE:TARGET or DEVICE:TARGET:rwm.', { argument });
  return { source, target, ...(access !== undefined && { access }) };
}

export function openDevice({ source, ...rest }: DeviceArgument): Device {
  return { source: openPath(source), ...rest };
}

function openPath(path: string): number {
  try {
    return openSync(absolutePath(path), O_PATH | constants.O_RDONLY);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new Usage('{path} cannot be opened ({errno}).', { path, errno: code });
  }
}

/** `host`, `none`, `container:NAME`, `own`, else a network namespace. */
export function network(argument: string): NonNullable<Plan['network']> {
  if (argument === 'own' || argument === 'none') return argument;
  const other = /^container:(.+)$/s.exec(argument)?.[1];
  return other === undefined ? netns(argument) : { container: container(other) };
}

/** `own`, `host`, `container:NAME`. */
export function shared(argument: string): NonNullable<Plan['pid']> {
  if (argument === 'own' || argument === 'private') return 'own';
  if (argument === 'host') return 'host';
  const other = /^container:(.+)$/s.exec(argument)?.[1];
  if (other === undefined)
    throw new Usage('“{argument}” is not one of {words}.', { argument, words: 'own, host, container:NAME' });
  return { container: container(other) };
}

/** `seccomp=unconfined`, `no-new-privileges[=false]`. */
export function security(argument: string): Pick<Plan, 'seccomp' | 'newPrivileges'> {
  if (argument === 'seccomp=unconfined') return { seccomp: 'unconfined' };
  const privileges = /^no-new-privileges(?:[=:](true|false))?$/.exec(argument);
  if (privileges === null) throw new Usage('There is no security option “{argument}” here.', { argument });
  return { newPrivileges: privileges[1] === 'false' };
}

/** `/dev/sda:1mb`. */
export function rate(argument: string): { path: string; rate: number } {
  const colon = argument.lastIndexOf(':');
  if (colon <= 0) throw new Usage('“{argument}” is not DEVICE:RATE.', { argument });
  return { path: argument.slice(0, colon), rate: size(argument.slice(colon + 1)) };
}
