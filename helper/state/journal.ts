// What Isolab made, so that it can be told from what others made, survives a killed helper, and can all be removed.
import type { MethodName } from '../rpc/contract';
import type { IdMap, Kind, NamespaceId, NamespaceUid } from '../rpc/contract/terms';

export type Made =
  | { type: 'netns'; name: string; id: NamespaceId; uid?: NamespaceUid }
  | { type: 'link'; netns: { id: NamespaceId; uid?: NamespaceUid }; index: number; name: string };

export interface Intent {
  method: MethodName;
}

export interface Entry {
  done(...made: Made[]): void;
  undone(): void;
}

export interface Journal {
  begin(intent: Intent): Entry;
  made(): readonly Made[];
  forget(made: Made): void;
}

export type { IdMap, Kind };
