// The list of what a layer holds, written while it is read: one row a line, and at the end what is true of all of it.
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { errnoOf } from '../../failures';
import { entriesPath, type Places } from '../places';
import type { Packing } from './inflate';
import type { LayerRow } from './layer-rules';

export interface LayerFacts {
  readonly diffId: string;
  /** Bytes of the archive, unpacked. */
  readonly diffSize: number;
  readonly packing: Packing;
  readonly entries: number;
  /** Of all its files. */
  readonly bytes: number;
  /** Names that are to be hidden in the layers below, and directories that hide all. */
  readonly marks: number;
}

/** Bytes that are written at a time. */
const FLUSH = 128 * 1024;
/** Of the last line. */
const MAX_FACTS = 512;

/** Rows are lists: names are bytes, as latin1 text. */
export class RowFile {
  #fd: number | undefined;
  #text = '';

  constructor(path: string) {
    this.#fd = openSync(path, 'w', 0o600);
  }

  add({ path, type, size, mode, uid, gid, link }: LayerRow): void {
    this.#text += `${JSON.stringify([path, type, size, mode, uid, gid, ...(link === undefined ? [] : [link])])}\n`;
    if (this.#text.length > FLUSH) this.#flush();
  }

  finish(facts: LayerFacts): void {
    this.#text += `${JSON.stringify(facts)}\n`;
    this.#flush();
    this.close();
  }

  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  #flush(): void {
    if (this.#fd !== undefined) writeSync(this.#fd, this.#text);
    this.#text = '';
  }
}

function parseRow(line: string): LayerRow {
  const [path, type, size, mode, uid, gid, link] = JSON.parse(line) as [
    string,
    LayerRow['type'],
    number,
    number,
    number,
    number,
    string?,
  ];
  return { path, type, size, mode, uid, gid, ...(link !== undefined && { link }) };
}

/** Undefined where the list is not there, or not whole. */
export function factsOf(places: Places, diffId: string): LayerFacts | undefined {
  let fd: number;
  try {
    fd = openSync(entriesPath(places, diffId), 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const end = Buffer.alloc(Math.min(size, MAX_FACTS));
    readSync(fd, end, 0, end.length, size - end.length);
    const last = end.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    const facts = last.startsWith('{') && end.at(-1) === 0x0a ? (JSON.parse(last) as LayerFacts) : undefined;
    return facts?.diffId === diffId ? facts : undefined;
  } catch (error) {
    // Torn in the middle of the last line: as good as none.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    closeSync(fd);
  }
}

export function rowsOf(places: Places, diffId: string): LayerRow[] {
  const lines = readFileSync(entriesPath(places, diffId), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('[')).map(parseRow);
}
