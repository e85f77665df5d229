// What a container wrote becomes lines of an editor: without what drives terminals, and no longer than a tab can bear. Pure.
import type { LogEntry } from '../../helper/rpc/contract/container';
import { visible } from '../views/row';

/** Characters that are kept; then the oldest lines go. */
const MOST = 4 * 1024 * 1024;

/** Colours, movements and titles: CSI, OSC and single characters behind an escape (ECMA-48). */
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;

export class LogText {
  #text = '';
  /** The last line is not through yet. */
  #open = false;
  /** Lines that are gone at the beginning. */
  dropped = false;

  get text(): string {
    return this.#text;
  }

  /** Whether anything was added. */
  add(entries: readonly LogEntry[]): boolean {
    for (const { text, partial } of entries) {
      this.#text += plain(text) + (partial ? '' : '\n');
      this.#open = partial === true;
    }
    this.#shorten();
    return entries.length > 0;
  }

  /** A remark of ours on a line of its own. */
  remark(text: string): void {
    this.#text += `${this.#open ? '\n' : ''}${text}\n`;
    this.#open = false;
  }

  #shorten(): void {
    if (this.#text.length <= MOST) return;
    const from = this.#text.indexOf('\n', this.#text.length - MOST * 0.75) + 1;
    this.#text = this.#text.slice(from);
    this.dropped = true;
  }
}

/** A tab stays one; a line that a program overwrote by carriage returns shows what it was in the end. */
function plain(line: string): string {
  const clean = line.replace(SEQUENCES, '').replace(/\r+$/, '');
  const last = clean.slice(clean.lastIndexOf('\r') + 1);
  return last.split('\t').map(unchanged).join('\t');
}

/** Spaces at either end are the program's own. */
function unchanged(text: string): string {
  const match = /^( *)(.*?)( *)$/s.exec(text);
  return match ? `${match[1]}${visible(match[2] ?? '')}${match[3]}` : visible(text);
}
