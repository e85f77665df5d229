// Unpacks bytes that pass by: what they are packed with shows in their first ones. gzip and, where Node has it, zstd are
// unpacked by Node in another thread.
import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { broken } from '../../failures';

export type Packing = 'plain' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

const MAGIC: readonly (readonly [Packing, Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['bzip2', Buffer.from('BZh')],
];
/** Bytes of the longest. */
export const MAGIC_SIZE = 6;

export function packingOf(beginning: Buffer): Packing {
  return MAGIC.find(([, magic]) => beginning.subarray(0, magic.length).equals(magic))?.[0] ?? 'plain';
}

export interface Inflate {
  /** Resolves when the chunk may be used for something else; what comes out is given away at once. */
  push(chunk: Buffer): Promise<void> | void;
  /** Rejects where the end is missing. */
  finish(): Promise<void> | void;
}

const OUT = 256 * 1024;

/** `out` is called with what may be used again afterwards. A Failure for what the helper does not unpack by itself. */
export function inflate(packing: Packing, out: (bytes: Buffer) => void): Inflate {
  switch (packing) {
    case 'plain':
      return { push: out, finish: () => {} };
    case 'gzip':
      return ofNode(zlib.createGunzip({ chunkSize: OUT }), out);
    case 'zstd':
      return 'createZstdDecompress' in zlib && typeof zlib.createZstdDecompress === 'function'
        ? ofNode(zlib.createZstdDecompress({ chunkSize: OUT }) as zlib.Gunzip, out)
        : zstd(out);
    default:
      throw broken('invalid', 'archive-packing', { packing });
  }
}

function ofNode(stream: zlib.Gunzip, out: (bytes: Buffer) => void): Inflate {
  // A failure of whoever takes the bytes, or of the stream itself; the first one counts.
  let failure: unknown;
  stream.on('data', (bytes: Buffer) => {
    try {
      if (failure === undefined) out(bytes);
    } catch (error) {
      failure = error;
    }
  });
  let ended = () => {};
  stream.on('error', (error) => {
    failure ??= damaged(error);
    ended();
  });
  stream.on('end', () => ended());
  const check = () => {
    if (failure !== undefined) throw failure;
  };
  return {
    push: async (chunk) => {
      check();
      await new Promise<void>((resolve) => {
        ended = resolve;
        stream.write(chunk, () => resolve());
      });
      check();
    },
    finish: async () => {
      check();
      await new Promise<void>((resolve) => {
        ended = resolve;
        stream.end();
      });
      check();
    },
  };
}

function zstd(out: (bytes: Buffer) => void): Inflate {
  const stream = new Decompress((bytes) => out(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)));
  const push = (chunk: Buffer, final: boolean) => {
    try {
      stream.push(chunk, final);
    } catch (error) {
      // Its own errors have a number; others are of whoever took the bytes.
      throw error instanceof Error && 'code' in error && typeof error.code === 'number' ? damaged(error) : error;
    }
  };
  return {
    // It keeps what it cannot use yet.
    push: (chunk) => push(Buffer.from(chunk), false),
    finish: () => push(Buffer.alloc(0), true),
  };
}

const UNEXPECTED_END = 5;

function damaged(error: unknown) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const isTorn = code === 'Z_BUF_ERROR' || code === 'ZSTD_error_srcSize_wrong' || code === UNEXPECTED_END;
  return broken('invalid', isTorn ? 'archive-truncated' : 'archive-damaged');
}
