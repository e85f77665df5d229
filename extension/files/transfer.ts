// Whole files through file/read and file/write, piece by piece. No editor here.
import type { Client } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import type { FileEntry, FileRoot } from '../../helper/rpc/contract/file';
import { CHUNK } from '../../helper/rpc/contract/file-chunk';

/** How often a file that is replaced while it is read is begun anew. */
const TRIES = 3;

export interface Place {
  readonly root: FileRoot;
  readonly path: string;
}

/** What a file is written in place of; what is left out is not asked for. */
export interface Terms {
  readonly mustExist?: boolean;
  readonly mustNotExist?: boolean;
  readonly mode?: number;
}

/** The pieces of a file from its beginning to its end, all of the same file. */
export async function* pieces(client: Pick<Client, 'call'>, { root, path }: Place): AsyncGenerator<Buffer> {
  let id: string | undefined;
  for (let offset = 0; ; ) {
    const piece = await client.call('file/read', { root, path, offset, ...(id !== undefined && { id }) });
    const bytes = Buffer.from(piece.data, 'base64');
    id = piece.id;
    offset += bytes.length;
    yield bytes;
    if (piece.end) return;
  }
}

/** All of it; one that another file takes the place of meanwhile is read anew. */
export async function readWhole(client: Pick<Client, 'call'>, place: Place): Promise<Buffer> {
  for (let tries = 1; ; tries++) {
    try {
      const parts: Buffer[] = [];
      for await (const part of pieces(client, place)) parts.push(part);
      return Buffer.concat(parts);
    } catch (error) {
      if (tries >= TRIES || !isReplaced(error)) throw error;
    }
  }
}

function isReplaced(error: unknown): boolean {
  return error instanceof Failure && error.data.rule?.code === 'file-replaced';
}

/** Writes a file anew, whole or not at all. `told`: bytes that are across. */
export async function writeWhole(
  client: Pick<Client, 'call'>,
  { root, path }: Place,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  terms: Terms,
  told: (bytes: number) => void = () => {},
): Promise<FileEntry> {
  if (!('container' in root)) throw new Failure({ kind: 'denied', field: 'path', rule: { code: 'file-read-only' } });
  let upload: string | undefined;
  let offset = 0;
  const send = async (bytes: Uint8Array, commit: boolean) => {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
    const at = upload === undefined ? {} : { upload, offset };
    const answer = await client.call('file/write', { root, path, ...at, data, ...terms, ...(commit && { commit }) });
    upload = answer.upload;
    offset += bytes.length;
    told(offset);
    return answer.entry;
  };
  try {
    // The last piece is known as such only when there is none behind it.
    let held: Uint8Array = new Uint8Array();
    for await (const part of content) {
      for (let at = 0; at < part.length; at += CHUNK) {
        if (held.length > 0) await send(held, false);
        held = part.subarray(at, at + CHUNK);
      }
    }
    const entry = await send(held, true);
    if (entry === undefined) throw new Failure({ kind: 'internal' });
    return entry;
  } catch (error) {
    // The helper gives it up by itself after a while; who is polite says so.
    if (upload !== undefined) await client.call('file/write', { root, path, upload, abort: true }).catch(() => {});
    throw error;
  }
}

/** Everything in a directory, page by page. */
export async function listWhole(client: Pick<Client, 'call'>, { root, path }: Place): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call('file/list', { root, path, ...(cursor !== undefined && { cursor }) });
    entries.push(...page.entries);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return entries;
}
