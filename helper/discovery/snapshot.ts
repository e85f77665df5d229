// What a scan finds, in one result that the passes fill in turn; and what a scan is asked for, echoed in it.
// Plain data only: it crosses from the scanning thread.
import type { Kind, NamespaceId, NamespaceUid } from '../rpc/contract/terms';
import type { NetnsPlace } from '../sys/namespaces';

/** Missing data is explained by what was not asked for. */
export interface ScanOptions {
  readonly kinds: readonly Kind[];
  /** Whose stat, status and command line are read: nobody's, those of each namespace's first process, or everybody's. */
  readonly details: 'none' | 'leaders' | 'all';
  readonly names: boolean;
  readonly hierarchy: boolean;
  readonly identity: boolean;
  /** Keeps only the processes in this namespace, and only its row; looked for even if `kinds` lacks its kind. */
  readonly within?: { readonly kind: Kind; readonly id: string };
}

export interface FoundProcess {
  readonly pid: number;
  /** Inode by kind; a kind is missing where the kernel would not show it. */
  readonly namespaces: Partial<Record<Kind, NamespaceId>>;
  details?: ProcessDetails;
}

export interface ProcessDetails {
  readonly ppid: number;
  readonly startTime: string;
  readonly uid: number;
  readonly comm: string;
  readonly command: string;
  readonly pids: readonly number[];
}

export interface FoundNamespace {
  readonly kind: Kind;
  readonly id: NamespaceId;
  uid?: NamespaceUid;
  /** Files below /run/netns that pin it. */
  readonly names: string[];
  processes: number;
  /** Lowest pid in it. */
  leader?: FoundProcess;
  owner?: NamespaceId;
  parent?: NamespaceId;
}

export class Snapshot {
  /** In ascending order of pid. */
  readonly processes: FoundProcess[] = [];
  /** Processes whose namespaces the kernel does not show to us: somebody else's. */
  hidden = 0;
  private readonly byKey = new Map<string, FoundNamespace>();

  constructor(
    readonly options: ScanOptions,
    readonly place: NetnsPlace,
  ) {}

  /** The row of a namespace, made when it is first met. */
  namespace(kind: Kind, id: NamespaceId): FoundNamespace {
    const key = kind + id;
    let row = this.byKey.get(key);
    if (row === undefined) {
      row = { kind, id, names: [], processes: 0 };
      this.byKey.set(key, row);
    }
    return row;
  }

  namespaces(): FoundNamespace[] {
    return [...this.byKey.values()];
  }
}
