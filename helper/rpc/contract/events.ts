// Notifications that the helper sends. A client never learns from them what changed, only what to ask again.

export const TOPICS = ['netns', 'link', 'address', 'route', 'neighbour', 'session', 'uplink'] as const;
export type Topic = (typeof TOPICS)[number];

export const CHANGED = 'changed';

export interface Changed {
  /** Grows with every change of this helper's life. */
  rev: number;
  topics: Topic[];
}
