// An archive of images, opened: its files by name, whether they come out of a stream, where all of them were staged as they
// passed by, or out of a directory, where each is when it is asked for.
import { constants, fstatSync } from 'node:fs';
import { posix } from 'node:path';
import { close } from '../../../sys/libc';
import { openBelow } from '../../../sys/libc-files';
import { broken, errnoOf } from '../../failures';
import { type Bytes, bytesOf } from './flow';
import { type StagedBlob, Staging } from './staged';
import { TYPE } from './tar-header';
import { isFile, TarScan } from './tar-scan';
import { unpacked } from './unpacked';
import { needWanted, type Work } from './work';

export interface Archive {
  has(name: string): boolean;
  /** Undefined where there is none. */
  blob(name: string): Promise<StagedBlob | undefined>;
}

/** The bytes of a document; a Failure where it is missing or too large. */
export async function documentIn(archive: Archive, name: string): Promise<Buffer> {
  const blob = await archive.blob(name);
  if (blob === undefined) throw broken('invalid', 'archive-file-missing', { file: name });
  if (blob.document === undefined) throw broken('invalid', 'image-document', { document: name });
  return blob.document;
}

const MAX_FILES = 65_536;
/** Bytes of documents that are kept in memory. */
const MAX_DOCUMENTS = 64 * 1024 * 1024;
/** Two of these at the top, and it is somebody's root directory. */
const ROOT_NAMES = new Set(
  'bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var'.split(' '),
);

/** Reads a stream to its end. `total`: bytes of it, where that is known. */
export async function readArchive(work: Work, bytes: Bytes, total?: number): Promise<Archive> {
  const reader = new ArchiveReader(work);
  try {
    const plain = unpacked(bytes, (done) => work.progress('image-read', done, total));
    for await (const chunk of plain) await reader.push(chunk);
    return reader.finish();
  } catch (error) {
    reader.abandon();
    throw error;
  }
}

class ArchiveReader {
  readonly #scan = new TarScan();
  readonly #files = new Map<string, StagedBlob>();
  readonly #links = new Map<string, string>();
  readonly #top = new Set<string>();
  #current: { name: string; staging: Staging } | undefined;
  #documents = 0;

  constructor(private readonly work: Work) {}

  /** Unpacked bytes, in order. */
  async push(bytes: Buffer): Promise<void> {
    needWanted(this.work);
    for (const event of this.#scan.feed(bytes)) {
      if (event.type === 'entry') this.#enter(event.entry);
      else if (event.type === 'data') await this.#current?.staging.push(event.bytes);
      else await this.#leave();
    }
  }

  finish(): Archive {
    this.#scan.finish();
    const find = (name: string) => this.#files.get(this.#resolved(name));
    return { has: (name) => find(name) !== undefined, blob: async (name) => find(name) };
  }

  abandon(): void {
    this.#current?.staging.abandon();
    this.#current = undefined;
  }

  #enter({ name, type, link }: { name: string; type: string; link: string }): void {
    if (this.#scan.count > MAX_FILES) throw broken('quota', 'archive-files', { max: MAX_FILES });
    const path = clean(name);
    this.#lookAtTop(path);
    if (type === TYPE.symlink || type === TYPE.hardlink) {
      this.#links.set(path, clean(type === TYPE.symlink ? posix.join(posix.dirname(path), link) : link));
    }
    if (isFile(type)) this.#current = { name: path, staging: new Staging(this.work) };
  }

  /** A root file system is told at its beginning, not after all of it was read. */
  #lookAtTop(path: string): void {
    const [top = ''] = path.split('/');
    if (!ROOT_NAMES.has(top)) return;
    this.#top.add(top);
    if (this.#top.size < 2) return;
    throw broken('invalid', 'archive-is-root', undefined, { field: 'archive', hint: { code: 'import-instead' } });
  }

  async #leave(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    const blob = await current.staging.finish();
    this.#documents += blob.document?.length ?? 0;
    if (this.#documents > MAX_DOCUMENTS) throw broken('quota', 'archive-documents');
    this.#files.set(current.name, blob);
  }

  #resolved(name: string): string {
    let path = clean(name);
    // A chain of links longer than this is a circle.
    for (let links = 0; links < 16; links++) {
      const target = this.#links.get(path);
      if (target === undefined || this.#files.has(path)) break;
      path = target;
    }
    return path;
  }
}

/** Only a key of a map: it is never opened. */
function clean(name: string): string {
  return posix.normalize(`/${name}`).slice(1).replace(/\/$/, '');
}

/** A directory that the caller opened: what is in it is reached without following a link, and only what is a file. */
export function readDirectory(work: Work, directory: number): Archive {
  const staged = new Map<string, StagedBlob>();
  const open = (name: string): number | undefined => {
    try {
      const fd = openBelow(directory, name, constants.O_RDONLY | constants.O_NONBLOCK);
      if (fstatSync(fd).isFile()) return fd;
      close(fd);
      throw broken('invalid', 'archive-file-kind', { file: name });
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
      if (['ELOOP', 'EXDEV'].includes(errnoOf(error) ?? ''))
        throw broken('invalid', 'archive-file-kind', { file: name });
      throw error;
    }
  };
  let done = 0;
  const stageFile = async (name: string, fd: number): Promise<StagedBlob> => {
    const staging = new Staging(work);
    try {
      for await (const chunk of bytesOf(fd, () => work.wanted())) {
        await staging.push(chunk);
        done += chunk.length;
        work.progress('image-read', done);
      }
    } catch (error) {
      staging.abandon();
      throw error;
    }
    const blob = await staging.finish();
    staged.set(name, blob);
    return blob;
  };
  return {
    has: (name) => {
      const fd = open(name);
      if (fd !== undefined) close(fd);
      return fd !== undefined;
    },
    blob: async (name) => {
      const known = staged.get(name);
      const fd = known === undefined ? open(name) : undefined;
      if (fd === undefined) return known;
      try {
        return await stageFile(name, fd);
      } finally {
        close(fd);
      }
    },
  };
}
