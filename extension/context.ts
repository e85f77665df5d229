// What commands and views are given: everything that lives as long as the extension, built once in main.ts.
import type { LogOutputChannel } from 'vscode';
import type { Client } from '../helper/rpc/contract/client';
import type { Documents } from './documents/documents';
import type { Logs } from './documents/logs';
import type { Recorder } from './equivalents/recorder';
import type { ContainerFiles } from './files/provider';
import type { Helper } from './helper/client';
import type { Statistics } from './panels/statistics';
import type { Settings } from './settings';
import type { RememberedTerminals } from './terminals/remembered';
import type { Surroundings } from './terminals/reporting';
import type { ContainersView } from './views/containers';
import type { ImagesView } from './views/images';
import type { NamespacesView } from './views/namespaces';
import type { NetworksView } from './views/networks';

/** isolab-attach. */
export interface Attach {
  readonly path: string;
  /** Arguments by which it finds who words what the helper refuses. */
  readonly words: readonly string[];
}

export interface Context {
  /** The extension's own version, as in package.json. */
  readonly version: string;
  /** Absolute paths of what is shipped with the extension. */
  readonly programs: { readonly cli: string; readonly attach: Attach; readonly inTerminal: string };
  readonly log: LogOutputChannel;
  readonly recorder: Recorder;
  /** Where the editor keeps what is written to `log`. */
  readonly logFile: string;
  /** Names of our settings, as package.json declares them. */
  readonly settings: readonly string[];
  /** What our settings say now. */
  readonly configured: () => Settings;
  readonly helper: Helper;
  readonly networks: NetworksView;
  readonly namespaces: NamespacesView;
  readonly containers: ContainersView;
  readonly images: ImagesView;
  readonly documents: Documents;
  /** Their files, as a file system of the editor. */
  readonly containerFiles: ContainerFiles;
  /** What containers write. */
  readonly logs: Logs;
  /** Live charts of what containers use. */
  readonly statistics: Statistics;
  readonly remembered: RememberedTerminals;
  /** What shells in terminals find around them. */
  readonly around: Surroundings;
}

/** A context whose helper is connected: what needs a helper takes this, so that it cannot be written without one. */
export interface Connected extends Context {
  readonly client: Client;
}
