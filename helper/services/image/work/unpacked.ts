// A stream as it was before it was packed, whatever with; how much more comes out than went in has a limit.
import { broken } from '../../failures';
import type { Bytes } from './flow';
import { inflate, MAGIC_SIZE, packingOf } from './inflate';
import { BEYOND, LAYER_LIMITS } from './layer-rules';

/** Bytes given to an unpacker at a time: packed a thousandfold, what comes out is as much as may wait in memory. */
const PIECE = 64 * 1024;

/** `told`: bytes taken so far, before they are unpacked. What is given may be used again for what follows. */
export async function* unpacked(bytes: Bytes, told: (done: number) => void): Bytes {
  let packed = 0;
  let size = 0;
  const waiting: Buffer[] = [];
  let beginning: Buffer | undefined = Buffer.alloc(0);
  let packing = packingOf(beginning);
  let unpacker = inflate('plain', () => {});
  const begin = (first: Buffer) => {
    packing = packingOf(first);
    unpacker = inflate(packing, (out) => {
      size += out.length;
      if (size > LAYER_LIMITS.ratioFrom && size > packed * LAYER_LIMITS.ratio) {
        throw broken('quota', 'layer-ratio', { ratio: LAYER_LIMITS.ratio }, BEYOND);
      }
      waiting.push(packing === 'plain' ? out : Buffer.from(out));
    });
  };
  async function* through(chunk: Buffer): Bytes {
    const piece = packing === 'plain' ? chunk.length : PIECE;
    for (let at = 0; at < chunk.length; at += piece) {
      await unpacker.push(chunk.subarray(at, at + piece));
      yield* waiting.splice(0);
    }
  }

  for await (const chunk of bytes) {
    packed += chunk.length;
    told(packed);
    if (beginning === undefined) {
      yield* through(chunk);
      continue;
    }
    beginning = Buffer.concat([beginning, chunk]);
    if (beginning.length < MAGIC_SIZE) continue;
    begin(beginning);
    yield* through(beginning);
    beginning = undefined;
  }
  if (beginning !== undefined) {
    begin(beginning);
    yield* through(beginning);
  }
  await unpacker.finish();
  yield* waiting;
}
