// Which devices a group may use: an allow-list, in devices.allow and devices.deny of cgroup v1 or a program of v2.
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceRule, Limits } from '../rpc/contract/limits';
import { setDeviceProgram } from '../sys/bpf';
import { deviceProgram } from './device-program';
import { readControl, writeControl } from './files';

type Devices = NonNullable<Limits['devices']>;

/** What Docker and runc let every container use, terminals of its own devpts among them; any node may be made, but not opened. */
export const USUAL_DEVICES: readonly DeviceRule[] = [
  { type: 'c', major: 'any', minor: 'any', access: 'm' },
  { type: 'b', major: 'any', minor: 'any', access: 'm' },
  // null, zero, full, random, urandom; tty, console, ptmx; pts/*
  ...[3, 5, 7, 8, 9].map((minor) => ({ type: 'c', major: 1, minor, access: 'rwm' }) as const),
  ...[0, 1, 2].map((minor) => ({ type: 'c', major: 5, minor, access: 'rwm' }) as const),
  { type: 'c', major: 136, minor: 'any', access: 'rwm' },
];

const EVERYTHING = 'a *:* rwm';

/** `c 1:3 rwm` */
function lineOf({ type, major, minor, access }: DeviceRule): string {
  const number = (value: number | 'any') => (value === 'any' ? '*' : value);
  return `${type} ${number(major)}:${number(minor)} ${access}`;
}

/** The rules of devices.list. */
export function parseDeviceList(text: string): Devices {
  const lines = text.split('\n').filter(Boolean);
  if (lines.includes(EVERYTHING)) return 'all';
  return lines.flatMap((line) => {
    const [, type, major, minor, access] = /^([bc]) (\d+|\*):(\d+|\*) ([rwm]+)$/.exec(line) ?? [];
    if (type === undefined || access === undefined) return [];
    const number = (word: string | undefined) => (word === '*' ? 'any' : Number(word));
    return [{ type: type as DeviceRule['type'], major: number(major), minor: number(minor), access }];
  });
}

/**
 * What to write to devices.allow and devices.deny so that the list becomes the wanted one. From an allow-list only what
 * differs, so that nothing which stays allowed is refused in between.
 */
export function deviceWrites(
  list: string,
  wanted: Devices,
): (readonly [file: 'devices.allow' | 'devices.deny', line: string])[] {
  if (wanted === 'all') return [['devices.allow', 'a']];
  const now = list.split('\n').filter(Boolean);
  const lines = [...new Set(wanted.map(lineOf))];
  const fresh = now.includes(EVERYTHING);
  const have = fresh ? [] : now;
  return [
    ...(fresh ? [['devices.deny', 'a'] as const] : []),
    ...have.filter((line) => !lines.includes(line)).map((line) => ['devices.deny', line] as const),
    // A rule of the list that goes may have been merged with one that stays, so all are said again.
    ...lines.map((line) => ['devices.allow', line] as const),
  ];
}

/** For version 1; EPERM where the group above may not use a device itself. */
export function setDevicesV1(directory: string, wanted: Devices): void {
  const before = readControl(join(directory, 'devices.list'));
  for (const [file, line] of deviceWrites(before, wanted)) writeControl(join(directory, file), line);
}

/** For version 2. */
export function setDevicesV2(directory: string, wanted: Devices): void {
  const group = openSync(directory, 'r');
  try {
    setDeviceProgram(group, deviceProgram(wanted));
  } finally {
    closeSync(group);
  }
}
