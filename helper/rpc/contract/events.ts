// Notifications that the helper sends. A client never learns from them what changed, only what to ask again.

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
