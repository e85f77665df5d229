// Cuts a byte stream into JSON-RPC requests, or says what is wrong with it. Pure: bytes in, frames or a violation out.
// Everything a hostile sender could make dear (size, depth, number of values) is bounded before it is built.
import type { Coded } from './contract/errors';

export const MAX_HEADER = 4 * 1024;
export const MAX_BODY = 1024 * 1024;
export const MAX_DEPTH = 32;
/** The largest legal request (a session plan with full maps and 1,024 arguments) has about 4,000. */
export const MAX_VALUES = 16 * 1024;

export type RequestId = number | string;

export interface Request {
  jsonrpc: '2.0';
  id: RequestId;
  method: string;
  params?: object;
}

/** After a violation nothing further is read: where the next frame begins is anyone's guess. */
export interface Violation {
  rule: Coded;
  /** JSON-RPC 2.0: -32700 not JSON, -32600 not a request. */
  code: -32_700 | -32_600;
  /** Of the request at fault, where it could be read. */
  id: RequestId | null;
}

/** Of the protocol's base: who asked does not want the answer any more. */
export const CANCEL = '$/cancelRequest';

/** A notification is well-formed but no method of ours is one: it is dropped, as JSON-RPC wants for unknown ones. */
export type Frame =
  | { type: 'request'; request: Request }
  | { type: 'cancel'; id: RequestId }
  | { type: 'notification' }
  | { type: 'violation'; violation: Violation };

const EMPTY = Buffer.alloc(0);
const HEADER_END = Buffer.from('\r\n\r\n');

export class FrameCutter {
  /** Bytes not cut yet: `#store` from `#start` to `#end`; a store of our own has room to grow, a received chunk has not. */
  #store: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Bytes of the header already searched for its end. */
  #searched = 0;
  /** Length of the body that follows; undefined while the header is not complete. */
  #body: number | undefined;

  /** True in the middle of a frame, or before a frame that was not taken yet. */
  get pending(): boolean {
    return this.#end > this.#start || this.#body !== undefined;
  }

  push(chunk: Buffer): void {
    const length = this.#end - this.#start;
    if (length === 0) {
      this.#store = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    if (this.#end + chunk.length > this.#store.length) {
      // Doubling, so that a frame that comes byte by byte is copied a few times only.
      const store = Buffer.allocUnsafeSlow(Math.max(4096, 2 * (length + chunk.length)));
      this.#store.copy(store, 0, this.#start, this.#end);
      this.#store = store;
      this.#start = 0;
      this.#end = length;
      chunk.copy(store, length);
    } else chunk.copy(this.#store, this.#end);
    this.#end += chunk.length;
  }

  /** The next frame, or undefined while it is incomplete. `maxBody` in bytes. */
  take(maxBody: number = MAX_BODY): Frame | undefined {
    if (this.#body === undefined) {
      const header = this.#takeHeader(maxBody);
      if (typeof header !== 'number') return header && { type: 'violation', violation: header };
      this.#body = header;
    }
    if (this.#end - this.#start < this.#body) return undefined;
    const body = this.#store.subarray(this.#start, this.#start + this.#body);
    this.#start += this.#body;
    this.#body = undefined;
    const frame = parseBody(body);
    if (this.#start === this.#end) this.#store = EMPTY;
    if (this.#store === EMPTY) this.#start = this.#end = 0;
    return frame;
  }

  #takeHeader(maxBody: number): number | Violation | undefined {
    const bytes = this.#store.subarray(this.#start, Math.min(this.#end, this.#start + MAX_HEADER));
    const end = bytes.indexOf(HEADER_END, Math.max(0, this.#searched - HEADER_END.length + 1));
    if (end < 0) {
      this.#searched = bytes.length;
      return bytes.length < MAX_HEADER ? undefined : bad('frame-header-length', { max: MAX_HEADER });
    }
    this.#searched = 0;
    this.#start += end + HEADER_END.length;
    const length = parseHeader(bytes.toString('latin1', 0, end));
    if (length === undefined) return bad('frame-header');
    return length > maxBody ? bad('frame-length', { max: maxBody }) : length;
  }
}

/** The Content-Length of a header without its empty line; undefined unless there is exactly one, strictly decimal. */
export function parseHeader(text: string): number | undefined {
  let length: number | undefined;
  let typed = false;
  for (const line of text.split('\r\n')) {
    const [, name, value] = /^([A-Za-z-]+): ?([\x21-\x7e][\x20-\x7e]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    if (name.toLowerCase() === 'content-length') {
      if (length !== undefined || !/^(0|[1-9][0-9]{0,14})$/.test(value)) return undefined;
      length = Number(value);
    } else if (name.toLowerCase() === 'content-type') {
      // What the base protocol allows beside the length; we speak UTF-8 only.
      if (typed || !/^application\/vscode-jsonrpc; ?charset=utf-?8$/i.test(value)) return undefined;
      typed = true;
    } else return undefined;
  }
  return length;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseBody(body: Buffer): Frame {
  const dear = measure(body);
  if (dear) return { type: 'violation', violation: dear };
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch {
    // Not UTF-8 or not JSON; the parsers' words would quote hostile text.
    return { type: 'violation', violation: bad('frame-json') };
  }
  return parseMessage(value);
}

/** Depth and number of values, counted on the bytes: structure outside of strings. */
function measure(body: Buffer): Violation | undefined {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < body.length; at++) {
    switch (body[at]) {
      case 0x22: // "
        at = endOfString(body, at + 1);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_DEPTH) return bad('frame-depth', { max: MAX_DEPTH });
        values++;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2c: // ,
      case 0x3a: // :
        values++;
        break;
    }
    if (values > MAX_VALUES) return bad('frame-values', { max: MAX_VALUES });
  }
  return undefined;
}

/** Index of the closing quotation mark, or the length where there is none. */
function endOfString(body: Buffer, from: number): number {
  let at = from;
  while (at < body.length && body[at] !== 0x22) at += body[at] === 0x5c ? 2 : 1;
  return at;
}

function parseMessage(value: unknown): Frame {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return misshapen(null);
  clearPrototypes(value);
  const { jsonrpc, id, method, params, ...rest } = value as Record<string, unknown>;
  const named = isId(id) ? id : null;
  if (jsonrpc !== '2.0' || typeof method !== 'string' || method.length > 100) return misshapen(named);
  if (Object.keys(rest).length > 0 || (params !== undefined && !isStructure(params))) return misshapen(named);
  if (id === undefined) return method === CANCEL ? cancel(params) : { type: 'notification' };
  if (named === null) return misshapen(null);
  return { type: 'request', request: { jsonrpc, id: named, method, ...(params !== undefined && { params }) } };
}

function cancel(params: object | undefined): Frame {
  const id = params !== undefined && 'id' in params ? params.id : undefined;
  return isId(id) ? { type: 'cancel', id } : { type: 'notification' };
}

function isId(id: unknown): id is RequestId {
  return typeof id === 'string' ? id.length <= 100 : Number.isSafeInteger(id);
}

function isStructure(params: unknown): params is object {
  return typeof params === 'object' && params !== null;
}

/** No `__proto__` or `constructor` of a message may reach Object's. The depth is bounded by now. */
function clearPrototypes(value: object): void {
  if (!Array.isArray(value)) Object.setPrototypeOf(value, null);
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) clearPrototypes(each);
}

function misshapen(id: RequestId | null): Frame {
  return { type: 'violation', violation: { ...bad('frame-shape'), id } };
}

/** JSON-RPC calls it a parse error when no request could be read at all. */
export function bad(code: string, args?: Coded['args']): Violation {
  const rule = args ? { code, args } : { code };
  return { rule, code: code === 'frame-shape' ? -32_600 : -32_700, id: null };
}

/** One frame as it goes on the wire. */
export function encodeFrame(message: object): Buffer {
  const body = JSON.stringify(message);
  const length = Buffer.byteLength(body);
  const header = `Content-Length: ${length}\r\n\r\n`;
  const frame = Buffer.allocUnsafe(header.length + length);
  frame.write(header, 0, 'latin1');
  frame.write(body, header.length);
  return frame;
}
