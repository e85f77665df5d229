// What the worker thread can be asked, and what it answers: plain data only.
import type { Coded, ErrorData } from '../../rpc/contract/errors';
import type { ImageChange, LayerEntry } from '../../rpc/contract/image';
import type { Places } from './places';
import type { Packing } from './work/inflate';
import type { LayerFacts } from './work/layer-rows';

/** An image whose blobs have their places. */
export interface TakenImage {
  readonly id: string;
  readonly manifest: { readonly digest: string; readonly size: number };
  readonly names: readonly string[];
  readonly layers: readonly TakenLayer[];
  readonly platform: { readonly architecture: string; readonly os: string };
}

/** A layer of the store. */
export interface TakenLayer extends Pick<LayerFacts, 'diffId' | 'packing' | 'bytes'> {
  readonly digest: string;
  readonly size: number;
}

export interface SavedImage {
  readonly id: string;
  readonly names: readonly string[];
  readonly manifest: string;
  readonly layers: readonly { readonly diffId: string; readonly digest: string; readonly size: number }[];
}

export interface Tasks {
  /** From a descriptor of a stream, or of a directory. */
  load: { params: { fd: number; name?: string }; result: { images: TakenImage[]; notes: Coded[] } };
  import: {
    params: { fd: number; name?: string; change: ImageChange; message?: string };
    result: { images: TakenImage[]; notes: Coded[] };
  };
  /** What a stream is packed with, before anything of it is read. */
  sniff: { params: { fd: number }; result: Packing };
  /** From a pipe, the archive of a writable layer. */
  commit: {
    params: {
      fd: number;
      base: { manifest: string; layers: TakenLayer[] };
      /** Paths that are no part of it, without a slash at either end. */
      without: string[];
      name?: string;
      change: ImageChange;
      message?: string;
      createdBy: string;
    };
    result: TakenImage;
  };
  save: { params: { fd: number; images: SavedImage[]; format: 'docker-archive' | 'oci-archive' }; result: number };
  /** Unpacks a blob of the store into a descriptor, its digests checked on the way. */
  feed: { params: { digest: string; diffId: string; size: number; fd: number }; result: LayerFacts };
  /** Reads a blob of the store and checks its digests, and lists what it holds. */
  check: { params: { digest: string; diffId: string; size: number }; result: LayerFacts };
  /** Reads a blob of the store and checks its digest. */
  verify: { params: { digest: string; size: number }; result: null };
  /** What tar does not do for overlay: names that hide those below. */
  mark: { params: { diffId: string; root: string }; result: null };
  /** Everything on the file system of the store is on the disk. */
  sync: { params: Record<never, never>; result: null };
  entries: {
    params: {
      /** Diff ids, bottom first; the last is the one asked about. */
      layers: string[];
      under: string;
      shallow: boolean;
      offset: number;
      limit: number;
    };
    result: { entries: LayerEntry[]; total: number; counts: { added: number; changed: number; deleted: number } };
  };
}

export type TaskName = keyof Tasks;

export interface Order {
  readonly number: number;
  readonly task: TaskName;
  readonly params: unknown;
}

export type Reply =
  | { readonly number: number; readonly progress: { step: string; done: number; total?: number } }
  | { readonly number: number; readonly result: unknown }
  | { readonly number: number; readonly failure: ErrorData }
  /** Not foreseen: for the log. */
  | { readonly number: number; readonly error: string };

export interface WorkerData {
  readonly places: Places;
  readonly temp: string;
  /** One Int32; not zero: nobody wants it any more. */
  readonly cancelled: SharedArrayBuffer;
}
