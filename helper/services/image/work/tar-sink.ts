// A tar archive that is written: headers and contents in order, small pieces together.
import { Sink } from './flow';
import { formatHeader, padding, TYPE } from './tar-header';
import type { Work } from './work';

/** Two blocks of zeros, up to a record as GNU tar writes it. */
const RECORD = 10_240;
const BATCH = 256 * 1024;

/** Progress is told by bytes written. */
export class TarSink {
  readonly #sink: Sink;
  #small: Buffer[] = [];
  #waiting = 0;
  #size = 0;

  constructor(work: Work, fd: number) {
    this.#sink = new Sink(fd, () => work.wanted());
  }

  header(name: string, size: number, more: { type?: string; link?: string; mode?: number } = {}): void {
    const { type = TYPE.file, link = '', mode = 0o644 } = more;
    // The same image gives the same archive: no time, no owner.
    this.bytes(formatHeader({ name, type, size, mode, uid: 0, gid: 0, mtime: 0, link, major: 0, minor: 0 }));
  }

  bytes(bytes: Buffer): void {
    this.#size += bytes.length;
    if (bytes.length < BATCH) {
      this.#small.push(Buffer.from(bytes));
      this.#waiting += bytes.length;
      if (this.#waiting > BATCH) this.#flush();
      return;
    }
    this.#flush();
    this.#sink.write(bytes);
  }

  file(name: string, content: Buffer): void {
    this.header(name, content.length);
    this.bytes(content);
    this.bytes(padding(content.length));
  }

  directory(name: string): void {
    this.header(`${name}/`, 0, { type: TYPE.directory, mode: 0o755 });
  }

  finish(): number {
    const end = 1024 + ((RECORD - ((this.#size + 1024) % RECORD)) % RECORD);
    this.bytes(Buffer.alloc(end));
    this.#flush();
    return this.#sink.written;
  }

  close(): void {
    this.#sink.close();
  }

  #flush(): void {
    if (this.#small.length > 0) this.#sink.write(Buffer.concat(this.#small.splice(0)));
    this.#waiting = 0;
  }
}
