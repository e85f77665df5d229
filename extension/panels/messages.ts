// What the Statistics panel and its page say to each other. Pure: both sides check with it.
import { amount, type Check, type Checked, flag, list, literal, oneOf, record, shape, text } from './check';
import type { Sample, Tick } from './history';

/** As many as the helper tells of in one answer. */
export const MOST_CONTAINERS = 256;
const MOST_TICKS = 2000;

const ID = /^[0-9a-f]{64}$/;
const Id: Check<string> = (value, at) => {
  if (typeof value === 'string' && ID.test(value)) return value;
  throw new TypeError(`${at} is not as it should be`);
};

const optionalAmounts = {
  cpu: amount,
  cpuLimit: amount,
  throttled: amount,
  memory: amount,
  memoryLimit: amount,
  oomKills: amount,
  oomTotal: amount,
  read: amount,
  write: amount,
  pids: amount,
  pidsLimit: amount,
} satisfies Record<keyof Sample, Check<number>>;

const TickShape: Check<Tick> = shape({
  time: amount,
  samples: record(ID, shape({}, optionalAmounts), MOST_CONTAINERS),
});

const Shown = shape({
  id: Id,
  /** Made visible: names of others may hold anything. */
  name: text(1000),
  /** How it is, in words. */
  state: text(1000),
  /** It has processes. */
  lives: flag,
});
export type Shown = Checked<typeof Shown>;

/** Words and sentences of the page, in the person's language. */
export const TEXTS = [
  'figures',
  'container',
  'state',
  'cpu',
  'cpuUnit',
  'cpuLong',
  'memory',
  'memoryLong',
  'read',
  'write',
  'ioLong',
  'pids',
  'pidsLong',
  'throttled',
  'throttledLong',
  'oomKills',
  'oomKill',
  'limit',
  'beyond',
  'ofLimit',
  'waiting',
  'chartHelp',
] as const;
export type Texts = Readonly<Record<(typeof TEXTS)[number], string>>;

const TextsShape = shape(
  Object.fromEntries(TEXTS.map((name) => [name, text(1000)])) as Record<(typeof TEXTS)[number], Check<string>>,
);

const ToPage = oneOf({
  /** The first: what the page is about. */
  begin: shape({
    type: literal('begin'),
    language: text(100),
    texts: TextsShape,
    containers: list(Shown, MOST_CONTAINERS),
    ticks: list(TickShape, MOST_TICKS),
    /** As of `trouble`. */
    trouble: text(10_000),
  }),
  shown: shape({ type: literal('shown'), containers: list(Shown, MOST_CONTAINERS) }),
  tick: shape({ type: literal('tick'), tick: TickShape }),
  /** Why nothing comes; empty: it does again. */
  trouble: shape({ type: literal('trouble'), text: text(10_000) }),
});
export type ToPage = Checked<typeof ToPage>;

const FromPage = oneOf({
  /** It listens now. */
  ready: shape({ type: literal('ready') }),
  /** It cannot go on. */
  failed: shape({ type: literal('failed'), text: text(10_000) }),
});
export type FromPage = Checked<typeof FromPage>;

/** What an editor that was opened again brings back with a panel. */
const Kept = shape({ containers: list(shape({ id: Id, name: text(1000) }), MOST_CONTAINERS) });
export type Kept = Checked<typeof Kept>;

/** All three throw TypeError where the value is none. */
export const toPage = (value: unknown): ToPage => ToPage(value, 'message');
export const fromPage = (value: unknown): FromPage => FromPage(value, 'message');
export const kept = (value: unknown): Kept => Kept(value, 'state');
