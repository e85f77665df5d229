// The journal's text: one JSON record a line, a head first. Pure twins: what `formatRecord` writes `readJournal` reads.
// A line that is not one of ours is counted and passed over: the rest still tells what is ours.
import { type Intent, keyOf, type Made } from './made';

/** Raised whenever an older helper would misread a newer journal. */
export const FORMAT_VERSION = 1;

export interface Head {
  journal: 'isolab';
  version: number;
  /** /proc/sys/kernel/random/boot_id: no kernel object outlives its boot. */
  boot: string;
}

export type JournalRecord =
  /** An intent, noted before its first system call. `at`: milliseconds since the epoch. */
  | { op: 'begin'; entry: number; at: number; intent: Intent }
  /** `gone`: what was removed by it, or what `made` stands for from now on. */
  | { op: 'done'; entry: number; made: Made[]; gone?: Made[] }
  | { op: 'undone'; entry: number }
  | { op: 'made'; made: Made }
  | { op: 'forget'; made: Made };

/** An intent whose end is not recorded. */
export interface Unfinished {
  entry: number;
  at: number;
  intent: Intent;
}

export interface JournalContents {
  made: Map<string, Made>;
  unfinished: Map<number, Unfinished>;
  /** `good`; `corrupt` if any line was; `boot` and `newer`: nothing of it may be used. */
  state: 'good' | 'corrupt' | 'boot' | 'newer';
  /** The last line was cut by a crash: normal, and what it was about to say had not begun. */
  torn: boolean;
}

export function formatRecord(record: Head | JournalRecord): string {
  return `${JSON.stringify(record)}\n`;
}

export function readJournal(text: string, boot: string): JournalContents {
  const contents: JournalContents = { made: new Map(), unfinished: new Map(), state: 'good', torn: false };
  if (text === '') return contents;
  const lines = text.split('\n');
  contents.torn = lines.pop() !== '';
  const [first, ...rest] = lines;
  if (first === undefined) return contents;
  const head = parseHead(first);
  if (head === undefined) return { ...contents, state: 'corrupt' };
  if (head.version > FORMAT_VERSION) return { ...contents, state: 'newer' };
  if (head.boot !== boot) return { ...contents, state: 'boot' };
  for (const line of rest) {
    const record = parseRecord(line);
    if (record === undefined) contents.state = 'corrupt';
    else apply(contents, record);
  }
  return contents;
}

/** The same state in the fewest records. */
export function condense({ made, unfinished }: Pick<JournalContents, 'made' | 'unfinished'>): JournalRecord[] {
  return [
    ...[...made.values()].map((each): JournalRecord => ({ op: 'made', made: each })),
    ...[...unfinished.values()].map((open): JournalRecord => ({ op: 'begin', ...open })),
  ];
}

/** What a record changes; used while reading and while writing alike, so that both agree. */
export function apply({ made, unfinished }: Pick<JournalContents, 'made' | 'unfinished'>, record: JournalRecord): void {
  switch (record.op) {
    case 'begin':
      unfinished.set(record.entry, { entry: record.entry, at: record.at, intent: record.intent });
      break;
    case 'done':
      unfinished.delete(record.entry);
      for (const each of record.gone ?? []) made.delete(keyOf(each));
      for (const each of record.made) made.set(keyOf(each), each);
      break;
    case 'undone':
      unfinished.delete(record.entry);
      break;
    case 'made':
      made.set(keyOf(record.made), record.made);
      break;
    case 'forget':
      made.delete(keyOf(record.made));
      break;
  }
}

type Bag = Readonly<Record<string, unknown>>;

function parseHead(line: string): Head | undefined {
  const bag = parseObject(line);
  if (bag?.journal !== 'isolab' || !Number.isInteger(bag.version) || typeof bag.boot !== 'string') return undefined;
  return { journal: 'isolab', version: Number(bag.version), boot: bag.boot };
}

function parseRecord(line: string): JournalRecord | undefined {
  const bag = parseObject(line);
  if (bag === undefined) return undefined;
  const numbered = Number.isSafeInteger(bag.entry);
  const good =
    bag.op === 'begin'
      ? numbered && typeof bag.at === 'number' && isIntent(bag.intent)
      : bag.op === 'done'
        ? numbered && isMadeList(bag.made) && (bag.gone === undefined || isMadeList(bag.gone))
        : bag.op === 'undone'
          ? numbered
          : (bag.op === 'made' || bag.op === 'forget') && isMade(bag.made);
  return good ? (bag as unknown as JournalRecord) : undefined;
}

function parseObject(line: string): Bag | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isBag(value) ? value : undefined;
  } catch {
    // Bytes that are not JSON: the caller counts the line as corrupt.
    return undefined;
  }
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNetns(value: unknown): boolean {
  return isBag(value) && isText(value.id) && (value.uid === undefined || isText(value.uid));
}

function isLink(value: unknown): boolean {
  return isBag(value) && isNetns(value.netns) && Number.isInteger(value.index) && isText(value.name);
}

function isEnd(value: unknown): boolean {
  return isBag(value) && isNetns(value.netns) && isText(value.name) && isText(value.mac);
}

function isProcess(value: Bag): boolean {
  return Number.isInteger(value.pid) && isText(value.startTime);
}

function isMadeList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isMade);
}

function isMade(value: unknown): value is Made {
  if (!isBag(value)) return false;
  switch (value.type) {
    case 'netns':
      return isNetns(value) && isText(value.name);
    case 'link':
      return isLink(value) && (value.peer === undefined || isLink(value.peer));
    case 'address':
      return isNetns(value.netns) && Number.isInteger(value.index) && isText(value.link) && isText(value.address);
    case 'route':
      return isNetns(value.netns) && isText(value.destination);
    case 'session':
      return isText(value.session) && isProcess(value) && isBag(value.plan);
    case 'uplink':
      return isNetns(value.netns) && isProcess(value) && isText(value.program) && isText(value.link);
    default:
      return false;
  }
}

function isIntent(value: unknown): value is Intent {
  if (!isBag(value)) return false;
  switch (value.method) {
    case 'netns/create':
    case 'netns/delete':
      return isText(value.name) && isNetns(value.netns);
    case 'link/create':
      return isEnd(value.a) && isEnd(value.b);
    case 'link/set':
      return isLink(value.link) && isBag(value.before) && isBag(value.after);
    case 'link/move':
      return isLink(value.link) && isNetns(value.to);
    case 'link/delete':
      return isLink(value.link);
    case 'address/add':
    case 'address/delete':
      return isMade(value.address);
    case 'route/add':
    case 'route/delete':
      return isMade(value.route);
    case 'uplink/start':
      return isNetns(value.netns) && Array.isArray(value.argv) && value.argv.every(isText);
    default:
      return false;
  }
}
