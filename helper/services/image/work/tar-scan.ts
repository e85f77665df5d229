// Takes a tar archive apart while it passes by: which entries, and which bytes belong to them. Pure: chunks in, events out.
// What an entry may be is decided elsewhere; here only what is no archive is refused.
import { broken } from '../../failures';
import { BLOCK, type Header, isZero, parseHeader, parsePax, sparseGoesOn, TYPE } from './tar-header';

/** Of a header that describes the next entry: names, extended attributes. */
const MAX_EXTENSION = 4 * 1024 * 1024;

export interface TarEntry extends Header {
  /** Every name under which a program might unpack it; more than one only where headers contradict each other. */
  readonly names: readonly string[];
  /** Of its pax header, values as latin1 text. */
  readonly pax: ReadonlyMap<string, string>;
}

export type TarEvent =
  | { readonly type: 'entry'; readonly entry: TarEntry }
  /** Of the entry before; used again for what follows. */
  | { readonly type: 'data'; readonly bytes: Buffer }
  /** All bytes of the entry before were there. */
  | { readonly type: 'end' };

export class TarScan {
  /** A block that is not whole yet. */
  readonly #block = Buffer.alloc(BLOCK);
  #held = 0;
  /** Bytes that belong to the entry, then those up to the next block. */
  #data = 0;
  #padding = 0;
  #extension: { type: string; parts: Buffer[] } | undefined;
  /** More blocks of a sparse file's map come before its bytes. */
  #sparse: TarEntry | undefined;
  #inEntry = false;
  #zeros = 0;
  /** Two blocks of zeros were there: what follows is of no interest. */
  #over = false;
  #pax: Map<string, string> = new Map();
  #longName: string | undefined;
  #longLink: string | undefined;
  /** Entries so far. */
  count = 0;

  *feed(chunk: Buffer): Generator<TarEvent> {
    let at = 0;
    while (at < chunk.length && !this.#over) {
      if (this.#data > 0) {
        const bytes = chunk.subarray(at, at + Math.min(this.#data, chunk.length - at));
        at += bytes.length;
        this.#data -= bytes.length;
        if (this.#inEntry) yield { type: 'data', bytes };
        else this.#extension?.parts.push(Buffer.from(bytes));
        if (this.#data > 0) return;
        if (this.#padding === 0) yield* this.#ended();
      } else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, chunk.length - at);
        at += skipped;
        this.#padding -= skipped;
        if (this.#padding === 0) yield* this.#ended();
      } else {
        const taken = Math.min(BLOCK - this.#held, chunk.length - at);
        chunk.copy(this.#block, this.#held, at, at + taken);
        at += taken;
        this.#held += taken;
        if (this.#held < BLOCK) return;
        this.#held = 0;
        yield* this.#header();
      }
    }
  }

  /** At the end of the archive. Throws where something is missing; an end without the two blocks of zeros is one. */
  finish(): void {
    if (this.#over) return;
    const isTorn = this.#data > 0 || this.#padding > 0 || this.#held > 0 || this.#sparse !== undefined;
    if (isTorn || this.#extension !== undefined) throw broken('invalid', 'archive-truncated');
    if (this.count === 0 && this.#zeros === 0) throw broken('invalid', 'archive-not-tar');
  }

  *#header(): Generator<TarEvent> {
    const block = this.#block;
    if (this.#sparse !== undefined) {
      if (!sparseGoesOn(block, false)) yield* this.#begin(this.#sparse);
      return;
    }
    if (isZero(block)) {
      if (++this.#zeros === 2) this.#over = true;
      return;
    }
    const header = parseHeader(block);
    if (header === undefined || this.#zeros > 0) {
      throw broken('invalid', this.count === 0 && this.#zeros === 0 ? 'archive-not-tar' : 'archive-damaged');
    }
    const { type } = header;
    if (type === TYPE.pax || type === TYPE.paxGlobal || type === TYPE.longName || type === TYPE.longLink) {
      if (header.size > MAX_EXTENSION) throw broken('invalid', 'archive-damaged');
      this.#extension = { type, parts: [] };
      yield* this.#expect(header.size);
      return;
    }
    const entry = this.#described(header);
    if (type === TYPE.sparse && sparseGoesOn(block, true)) this.#sparse = entry;
    else yield* this.#begin(entry);
  }

  *#begin(entry: TarEntry): Generator<TarEvent> {
    this.#sparse = undefined;
    this.#inEntry = true;
    this.count++;
    yield { type: 'entry', entry };
    yield* this.#expect(isFile(entry.type) ? entry.size : 0);
  }

  *#expect(size: number): Generator<TarEvent> {
    this.#data = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (size === 0) yield* this.#ended();
  }

  *#ended(): Generator<TarEvent> {
    if (this.#inEntry) {
      this.#inEntry = false;
      yield { type: 'end' };
      return;
    }
    const { type, parts } = this.#extension ?? { type: '', parts: [] };
    this.#extension = undefined;
    const body = Buffer.concat(parts);
    if (type === TYPE.longName) this.#longName = untilNul(body);
    if (type === TYPE.longLink) this.#longLink = untilNul(body);
    if (type !== TYPE.pax && type !== TYPE.paxGlobal) return;
    const records = parsePax(body);
    if (records === undefined) throw broken('invalid', 'archive-damaged');
    // Programs differ in what a global header does to which of the next entries; what names things is in none that is honest.
    if (type === TYPE.paxGlobal && [...records.keys()].some((key) => /^(path|linkpath|size|GNU\.)/.test(key))) {
      throw broken('invalid', 'archive-damaged');
    }
    if (type === TYPE.pax) this.#pax = records;
  }

  /** The header with what the ones before it said about it. */
  #described(header: Header): TarEntry {
    const pax = this.#pax;
    const sparseName = pax.get('GNU.sparse.name');
    const names = [sparseName, pax.get('path'), this.#longName].filter((name) => name !== undefined);
    const link = pax.get('linkpath') ?? this.#longLink ?? header.link;
    const entry = {
      ...header,
      name: names[0] ?? header.name,
      names: names.length > 0 ? names : [header.name],
      link,
      size: numberIn(pax, 'size') ?? header.size,
      uid: numberIn(pax, 'uid') ?? header.uid,
      gid: numberIn(pax, 'gid') ?? header.gid,
      pax,
    };
    this.#pax = new Map();
    this.#longName = undefined;
    this.#longLink = undefined;
    // Archives from before POSIX say so only by the slash.
    if (isFile(entry.type) && entry.name.endsWith('/') && sparseName === undefined) entry.type = TYPE.directory;
    // GNU tar skips bytes there, others look for the next header in them: such an archive is two.
    if (!isFile(entry.type) && entry.type !== TYPE.hardlink && entry.size > 0)
      throw broken('invalid', 'archive-damaged');
    return entry;
  }
}

export function isFile(type: string): boolean {
  return [TYPE.file, '\0', TYPE.contiguous, TYPE.sparse].includes(type as never);
}

/** Bytes of the file as it will be, holes and all. */
export function apparentSize({ size, pax }: TarEntry): number {
  return numberIn(pax, 'GNU.sparse.realsize') ?? numberIn(pax, 'GNU.sparse.size') ?? size;
}

function numberIn(pax: ReadonlyMap<string, string>, key: string): number | undefined {
  const value = pax.get(key);
  if (value === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(value)) throw broken('invalid', 'archive-damaged');
  return Number(value);
}

function untilNul(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}
