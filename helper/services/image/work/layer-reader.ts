// Reads a layer while it passes by: unpacks, hashes, checks every entry, and writes down what the layer holds.
import { createHash, type Hash } from 'node:crypto';
import { type Inflate, inflate, MAGIC_SIZE, type Packing, packingOf } from './inflate';
import { type LayerFacts, RowFile } from './layer-rows';
import { type LayerRow, LayerRules } from './layer-rules';
import { TarScan } from './tar-scan';

export interface LayerReaderOptions {
  /** File for the rows; none is written without. */
  readonly rows?: string;
  /** Is given the unpacked bytes once they were checked. */
  readonly out?: (bytes: Buffer) => void;
  /** Is told of each entry that was found sound. */
  readonly look?: (row: LayerRow) => void;
  /** The caller hashes what it pushes: of a plain archive that is the diff id as well. */
  readonly hashed?: boolean;
}

export class LayerReader {
  readonly #scan = new TarScan();
  readonly #rules = new LayerRules();
  readonly #hash: Hash = createHash('sha256');
  readonly #rows: RowFile | undefined;
  #inflate: Inflate | undefined;
  #packing: Packing = 'plain';
  /** The first bytes, until what they are packed with can be told. */
  #beginning = Buffer.alloc(0);
  #packed = 0;
  #size = 0;
  #marks = 0;

  constructor(private readonly options: LayerReaderOptions = {}) {
    this.#rows = options.rows === undefined ? undefined : new RowFile(options.rows);
  }

  /** Rejects with a Failure for what may not be in a layer; nothing of such a chunk was given away. */
  async push(chunk: Buffer): Promise<void> {
    this.#packed += chunk.length;
    if (this.#inflate !== undefined) {
      await this.#inflate.push(chunk);
      return;
    }
    this.#beginning = Buffer.concat([this.#beginning, chunk]);
    if (this.#beginning.length >= MAGIC_SIZE) await this.#begin();
  }

  /** `digest`: of what was pushed, where the caller hashed it. */
  async finish(digest?: string): Promise<LayerFacts> {
    if (this.#inflate === undefined) await this.#begin();
    await this.#inflate?.finish();
    this.#scan.finish();
    const facts: LayerFacts = {
      diffId: digest !== undefined && !this.#hashes ? digest : `sha256:${this.#hash.digest('hex')}`,
      diffSize: this.#size,
      packing: this.#packing,
      entries: this.#rules.entries,
      bytes: this.#rules.bytes,
      marks: this.#marks,
    };
    this.#rows?.finish(facts);
    return facts;
  }

  /** After a failure. */
  abandon(): void {
    this.#rows?.close();
  }

  get #hashes(): boolean {
    return this.#packing !== 'plain' || !this.options.hashed;
  }

  async #begin(): Promise<void> {
    this.#packing = packingOf(this.#beginning);
    this.#inflate = inflate(this.#packing, (bytes) => this.#take(bytes));
    await this.#inflate.push(this.#beginning);
    this.#beginning = Buffer.alloc(0);
  }

  #take(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#hashes) this.#hash.update(bytes);
    for (const event of this.#scan.feed(bytes)) {
      if (event.type !== 'entry') continue;
      const row = this.#rules.check(event.entry, this.#packed);
      if (row.type === 'whiteout' || row.type === 'opaque') this.#marks++;
      this.#rows?.add(row);
      this.options.look?.(row);
    }
    this.options.out?.(bytes);
  }
}
