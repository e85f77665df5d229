// What Isolab made, so that it can be told from what others made, survives a killed helper, and can all be removed.
// An append-only file, one write(2) a record, replaced by rename when it grew. No fsync: nothing it tells of outlives the
// boot whose id it carries, and a killed process loses nothing that write(2) took.
import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { SysError } from '../sys/errors';
import {
  apply,
  condense,
  FORMAT_VERSION,
  formatRecord,
  type JournalContents,
  type JournalRecord,
  readJournal,
} from './journal-records';
import { type Intent, keyOf, type Made } from './made';

export type * from './made';

/** One action between its intent and its end. */
export interface Entry {
  readonly intent: Intent;
  /** When it was noted: milliseconds since the epoch. */
  readonly at: number;
  /** The action is complete, and these objects stand. */
  done(...made: Made[]): void;
  /** The action is complete, and the later identity of an object stands for the earlier one. */
  replaced(before: Made, after: Made): void;
  /** The action is complete, and these objects are gone. */
  removed(...gone: Made[]): void;
  /** The action left nothing. Never throws: called while something else is being reported. */
  undone(): void;
}

/** Every method that writes throws where the file cannot be written (ENOSPC, EIO): then nothing was recorded. */
export interface Journal {
  /** Notes what is about to be done; call before the first system call that changes something. */
  begin(intent: Intent): Entry;
  /** What stands, oldest first. It may have been removed by others since. */
  made(): readonly Made[];
  isMade(made: Made): boolean;
  /** What came to be without an intent: before this record it would not outlive the helper. */
  add(made: Made): void;
  /** These objects are gone, or no longer ours. */
  forget(...made: Made[]): void;
  /** Actions that a helper before this one left open. */
  unfinished(): readonly Entry[];
  close(): void;
}

export interface JournalOptions {
  stateDir: string;
  /** Default: the running kernel's. */
  boot?: string;
  warn(text: string): void;
}

const NAME = 'journal.jsonl';
/** Records in the file beyond what the state needs, before it is written anew. */
const SLACK = 1000;
const { ENOSPC } = constants.errno;

/** Reads the journal of the state directory, puts aside what cannot be used, and writes it anew in its shortest form. */
export function openJournal({ stateDir, boot = bootId(), warn }: JournalOptions): Journal {
  const path = join(stateDir, NAME);
  const contents = readJournal(read(path), boot);
  if (contents.state !== 'good') {
    const aside = setAside(path, contents.state);
    warn(`journal: ${path} is ${REASONS[contents.state]}; kept as ${aside}, ${contents.made.size} objects taken over`);
  }
  return new JournalFile(path, boot, contents);
}

const REASONS = {
  corrupt: 'corrupt in places',
  boot: 'of another boot',
  newer: 'of a newer version',
} as const;

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** One file a reason but for the corrupt ones, each of which is evidence: other boots must not pile up. */
function setAside(path: string, state: keyof typeof REASONS): string {
  const aside = state === 'corrupt' ? `${path}.corrupt-${Date.now()}` : `${path}.${state}`;
  renameSync(path, aside);
  return aside;
}

class JournalFile implements Journal {
  readonly #path: string;
  readonly #boot: string;
  readonly #state: Pick<JournalContents, 'made' | 'unfinished'>;
  readonly #leftOpen: readonly number[];
  #fd = -1;
  /** Bytes and records in the file. */
  #size = 0;
  #records = 0;
  #nextEntry: number;

  constructor(path: string, boot: string, contents: JournalContents) {
    this.#path = path;
    this.#boot = boot;
    this.#state = { made: contents.made, unfinished: contents.unfinished };
    this.#leftOpen = [...contents.unfinished.keys()];
    this.#nextEntry = Math.max(0, ...this.#leftOpen) + 1;
    this.#rewrite();
  }

  begin(intent: Intent): Entry {
    const entry = this.#nextEntry;
    this.#append({ op: 'begin', entry, at: Date.now(), intent });
    this.#nextEntry += 1;
    return this.#entry(entry);
  }

  made(): readonly Made[] {
    return [...this.#state.made.values()];
  }

  isMade(made: Made): boolean {
    return this.#state.made.has(keyOf(made));
  }

  add(made: Made): void {
    this.#append({ op: 'made', made });
  }

  forget(...gone: Made[]): void {
    for (const made of gone) if (this.isMade(made)) this.#append({ op: 'forget', made });
  }

  unfinished(): readonly Entry[] {
    return this.#leftOpen.filter((entry) => this.#state.unfinished.has(entry)).map((entry) => this.#entry(entry));
  }

  close(): void {
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #entry(entry: number): Entry {
    const open = this.#state.unfinished.get(entry);
    if (open === undefined) throw new Error(`journal entry ${entry} is closed`);
    return {
      intent: open.intent,
      at: open.at,
      done: (...made) => this.#append({ op: 'done', entry, made }),
      replaced: (before, after) => this.#append({ op: 'done', entry, made: [after], gone: [before] }),
      removed: (...gone) => this.#append({ op: 'done', entry, made: [], gone }),
      undone: () => this.#undone(entry),
    };
  }

  #undone(entry: number): void {
    try {
      this.#append({ op: 'undone', entry });
    } catch {
      // The intent stays open in the file: the next helper will look, and find nothing.
      this.#state.unfinished.delete(entry);
    }
  }

  #append(record: JournalRecord): void {
    const bytes = Buffer.from(formatRecord(record));
    const written = writeSync(this.#fd, bytes);
    if (written !== bytes.length) {
      // Half a record would spoil the next one.
      ftruncateSync(this.#fd, this.#size);
      throw new SysError('write journal', ENOSPC);
    }
    this.#size += written;
    this.#records += 1;
    apply(this.#state, record);
    const { made, unfinished } = this.#state;
    if (this.#records > SLACK + 4 * (made.size + unfinished.size)) this.#shorten();
  }

  #shorten(): void {
    try {
      this.#rewrite();
    } catch {
      // No room for a second file: the long one still holds everything, and the next record tries again.
    }
  }

  #rewrite(): void {
    const head = formatRecord({ journal: 'isolab', version: FORMAT_VERSION, boot: this.#boot });
    const records = condense(this.#state);
    const bytes = Buffer.from(head + records.map(formatRecord).join(''));
    const fresh = `${this.#path}.new`;
    writeFileSync(fresh, bytes, { mode: 0o600 });
    const fd = openSync(fresh, 'a');
    renameSync(fresh, this.#path);
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = fd;
    this.#size = bytes.length;
    this.#records = records.length;
  }
}
