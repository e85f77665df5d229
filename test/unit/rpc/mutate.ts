// Deterministic mutations of byte strings: the same seed gives the same ones, so that a failure can be met again.

export interface Mutation {
  bytes: Buffer;
  /** Where the stream is torn into pieces. */
  cuts: number[];
}

/** mulberry32: a small generator of uniform numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SPICE = [
  '\r\n',
  '\r\n\r\n',
  '-1',
  '0',
  '99999999',
  '"',
  '\\',
  '[',
  '{',
  '}',
  ',',
  '\0',
  'null',
  '__proto__',
  '\xff',
  ':',
];

export function* mutations(seeds: readonly Buffer[], count: number, seed: number): Generator<Mutation> {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let made = 0; made < count; made++) {
    let bytes: Buffer = Buffer.from(seeds[made % seeds.length] ?? Buffer.alloc(0));
    for (let changes = 1 + below(4); changes > 0; changes--) bytes = change(bytes, below);
    const cuts = Array.from({ length: below(4) }, () => below(bytes.length + 1)).sort((a, b) => a - b);
    yield { bytes, cuts };
  }
}

function change(bytes: Buffer, below: (limit: number) => number): Buffer {
  const at = below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + below(8));
  switch (below(6)) {
    case 0:
      if (at < bytes.length) bytes[at] = below(256);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 4: {
      const spice = SPICE[below(SPICE.length)] ?? '';
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(spice, 'latin1'), bytes.subarray(at)]);
    }
    default:
      // The length alone, where there is one: all else stays right.
      return Buffer.from(
        bytes
          .toString('latin1')
          .replace(/(Content-Length: )(\d+)/, (_, name, n) => `${name}${Number(n) + below(7) - 3}`),
        'latin1',
      );
  }
}
