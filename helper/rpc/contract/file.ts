// file/*: the files of a container or an image, without running anything in it. Paths are as a program inside would write
// them: links and `..` lead to places inside and never out. Names that are not UTF-8 are carried as file-name.ts says.
import { z } from 'zod';
import { ContainerRef } from './container-plan';
import { CHUNK } from './file-chunk';
import { ImageRef } from './image';
import { method } from './method';
import { AbsolutePath, Text } from './terms';

/** A container's; an image's, or those of one of its layers (0 is the lowest), which nobody can change. */
export const FileRoot = z.union(
  [
    z.strictObject({ container: ContainerRef }),
    z.strictObject({
      image: ImageRef,
      layer: z.int('layer-index').min(0, 'layer-index').max(1023, 'layer-index').optional(),
    }),
  ],
  'file-root',
);
export type FileRoot = z.infer<typeof FileRoot>;

const Owned = z.strictObject({ container: ContainerRef });
const Offset = z.int('offset').min(0, 'offset').max(Number.MAX_SAFE_INTEGER, 'offset');
/** `MAJOR:MINOR:INODE`, as an earlier answer had it. */
const FileId = Text(64);

/** `whiteout`: in a layer, what hides a file of the layers below. */
export type FileType = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket' | 'whiteout';

export interface FileFacts {
  type: FileType;
  /** Bytes. */
  size: number;
  /** Milliseconds since the epoch. */
  modifiedAt: number;
}

export interface FileEntry extends FileFacts {
  /** Empty for the root directory. */
  name: string;
  /** Permissions, with set-id and sticky bits. */
  mode: number;
  /** As the host numbers them. */
  uid: number;
  gid: number;
  /** How many names it has. */
  links: number;
  /** Device and inode: which file it is. */
  id: string;
  /** Text of a symbolic link. */
  target?: string;
  /** What the link leads to; absent where it leads nowhere. */
  leadsTo?: FileFacts;
  /** Of a device. */
  device?: { major: number; minor: number };
}

export const stat = method({
  name: 'file/stat',
  access: 'look',
  doc: 'What is at a path; of a symbolic link itself, with what it leads to.',
  params: z.strictObject({ root: FileRoot, path: AbsolutePath }),
}).returns<FileEntry>();

export const list = method({
  name: 'file/list',
  access: 'look',
  doc: 'What is in a directory, 1,000 entries at a time unless said otherwise, in no order. `cursor` asks for what follows.',
  params: z.strictObject({
    root: FileRoot,
    path: AbsolutePath,
    cursor: z
      .string()
      .regex(/^[0-9]{1,19}$/, 'offset')
      .optional(),
    limit: z.int('page-size').min(1, 'page-size').max(5000, 'page-size').optional(),
  }),
}).returns<{ entries: FileEntry[] /** Absent: that was all. */; cursor?: string }>();

export const read = method({
  name: 'file/read',
  access: 'look',
  doc: 'Bytes of a regular file, at most 512 KiB. With `id` only of the file that an earlier answer was about.',
  params: z.strictObject({
    root: FileRoot,
    path: AbsolutePath,
    offset: Offset.optional(),
    length: z.int('chunk').min(1, 'chunk').max(CHUNK, 'chunk').optional(),
    id: FileId.optional(),
  }),
}).returns<{
  /** Base64. */
  data: string;
  /** Nothing follows now. */
  end: boolean;
  /** Bytes of the whole file, as far as its file system knows. */
  size: number;
  id: string;
}>();

export const write = method({
  name: 'file/write',
  access: 'change',
  doc: 'Writes a file anew: at once, or in pieces into one that nobody sees. With `commit` it takes the place of the old one, whose mode and owner it keeps.',
  params: z
    .strictObject({
      root: Owned,
      path: AbsolutePath,
      /** Of an earlier answer: the next piece. Nothing of it stays where none comes for a minute. */
      upload: Text(64).optional(),
      /** Bytes before this piece. */
      offset: Offset.optional(),
      /** Base64, at most 512 KiB. */
      data: z
        .string()
        .max(Math.ceil(CHUNK / 3) * 4, 'chunk')
        .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'base64')
        .optional(),
      commit: z.boolean().optional(),
      /** Give it up. */
      abort: z.boolean().optional(),
      /** Where nothing is there yet: refuse. Where something is: refuse. */
      mustExist: z.boolean().optional(),
      mustNotExist: z.boolean().optional(),
      /** Only in place of this file. */
      id: FileId.optional(),
      /** Permission bits of a new file; 644 when left out. */
      mode: z.int('mode').min(0, 'mode').max(0o777, 'mode').optional(),
    })
    .refine(({ upload, abort }) => upload !== undefined || abort !== true, 'upload-abort'),
}).returns<{ /** Until it is committed. */ upload?: string /** Then. */; entry?: FileEntry }>();

export const makeDirectory = method({
  name: 'file/make-directory',
  access: 'change',
  doc: 'Makes a directory, mode 755.',
  params: z.strictObject({ root: Owned, path: AbsolutePath }),
}).returns<FileEntry>();

export const remove = method({
  name: 'file/delete',
  access: 'change',
  doc: 'Deletes a file, a link (not what it leads to) or an empty directory; with `recursive` also what is in it.',
  params: z.strictObject({ root: Owned, path: AbsolutePath, recursive: z.boolean().optional() }),
}).returns<{ /** With what was in it. */ deleted: number }>();

export const rename = method({
  name: 'file/rename',
  access: 'change',
  doc: 'Gives a file or directory another name, in the same directory or another one. What has that name stays unless `replace` is said.',
  params: z.strictObject({ root: Owned, path: AbsolutePath, to: AbsolutePath, replace: z.boolean().optional() }),
}).returns<FileEntry>();
