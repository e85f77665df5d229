// Sizes and times as rows have room for them. Pure.
import type { Translate } from '../../helper/rpc/contract/sentences';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal units, as docker(1) prints sizes of images: `4.26 MB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}

/** Memory is counted in powers of 1024: `64 MiB`. */
export function memoryText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0))} ${units[unit]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** In its largest unit: `5 min`. Clocks that were set back count as none gone by. */
export function durationText(milliseconds: number, t: Translate): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < MINUTE) return t('{count} s', { count: seconds });
  if (seconds < HOUR) return t('{count} min', { count: Math.floor(seconds / MINUTE) });
  if (seconds < 2 * DAY) return t('{count} h', { count: Math.floor(seconds / HOUR) });
  if (seconds < 100 * DAY) return t('{count} d', { count: Math.floor(seconds / DAY) });
  if (seconds < 730 * DAY) return t('{count} mo', { count: Math.floor(seconds / (30 * DAY)) });
  return t('{count} y', { count: Math.floor(seconds / (365 * DAY)) });
}

export function agoText(then: number, now: number, t: Translate): string {
  return t('{time} ago', { time: durationText(now - then, t) });
}

/** `0755`, with set-id and sticky bits. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
