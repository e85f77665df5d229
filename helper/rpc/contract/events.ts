// Notifications that the helper sends. A client never learns from them what changed, only what to ask again; but what a
// container ran into is over when it is told.

export const TOPICS = [
  'netns',
  'link',
  'address',
  'route',
  'neighbour',
  'session',
  'uplink',
  'image',
  'container',
] as const;
export type Topic = (typeof TOPICS)[number];

export const CHANGED = 'changed';

export interface Changed {
  /** Grows with every change of this helper's life. */
  rev: number;
  topics: Topic[];
}

export const PROGRESS = 'progress';

/** How far a call is, to the connection that made it with this token. */
export interface Progress {
  token: number;
  /** What it is at: a step of codes/steps.ts. */
  step: string;
  /** Bytes done, and of how many, where that is known. */
  done: number;
  total?: number;
}

/** The methods that say so, by the field `progress` of their params. */
export const PROGRESSING: ReadonlySet<string> = new Set([
  'image/load',
  'image/import',
  'image/save',
  'image/pull',
  'image/push',
  'container/commit',
]);

export const CONTAINER_EVENT = 'container/event';

/** What a container ran into, to those who may see it; at most one a second for each container and kind. */
export interface ContainerEvent {
  /** 64 hexadecimal digits. */
  id: string;
  name: string;
  /** The kernel killed processes for want of memory, or refused forks beyond the limit of processes. */
  kind: 'oom-kill' | 'pids-limit';
  /** When it is told: milliseconds since the epoch. */
  at: number;
  /** How many since the one told before. */
  count: number;
}
