// What a monitor sends to an attached client (native/monitor/frames.h): pure, bytes in, frames out.

const HEAD = 8;
const TYPES = { 1: 'output', 2: 'error', 6: 'status', 7: 'detached', 8: 'taken' } as const;

export interface Frame {
  readonly type: (typeof TYPES)[keyof typeof TYPES];
  readonly payload: Buffer;
}

/** Puts the pieces of a stream together again; Error where the other side is no monitor. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** `longest`: payload in bytes. */
  constructor(private readonly longest = 65_536) {}

  read(piece: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const frames: Frame[] = [];
    for (;;) {
      if (this.#rest.length < HEAD) return frames;
      const type = TYPES[this.#rest[0] as keyof typeof TYPES];
      const size = this.#rest.readUInt32BE(4);
      if (type === undefined || size > this.longest) throw new Error('no frame of a monitor');
      if (this.#rest.length < HEAD + size) return frames;
      frames.push({ type, payload: this.#rest.subarray(HEAD, HEAD + size) });
      this.#rest = this.#rest.subarray(HEAD + size);
    }
  }
}
