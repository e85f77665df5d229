// Rows that are dragged and dropped within and between our trees, and files dropped on them. What a drop means is not decided
// here; and what is dropped is what was dragged here, whatever the transfer says: other extensions may write there.
import { type DataTransfer, DataTransferItem, type TreeDragAndDropController, Uri } from 'vscode';
import type { Node, ViewName } from './nodes';

const ROWS = 'application/vnd.isolab.rows';
/** As the explorer and the desktop drag files. */
const FILES = 'text/uri-list';

export interface Dropped {
  readonly view: ViewName;
  readonly rows: readonly Node[];
  /** Absolute paths of this machine. */
  readonly files: readonly string[];
  /** Undefined for the space below the rows. */
  readonly onto: Node | undefined;
}

export class DragAndDrop {
  #dragged: readonly Node[] = [];

  constructor(
    private readonly draggable: (node: Node) => boolean,
    private readonly dropped: (what: Dropped) => Promise<void>,
  ) {}

  /** One for each tree; all of them know what is being dragged. */
  of(view: ViewName): TreeDragAndDropController<Node> {
    return {
      dragMimeTypes: [ROWS],
      dropMimeTypes: takesFiles(view) ? [ROWS, FILES] : [ROWS],
      handleDrag: (source, transfer) => {
        this.#dragged = source.filter(this.draggable);
        if (this.#dragged.length > 0) transfer.set(ROWS, new DataTransferItem(String(this.#dragged.length)));
      },
      handleDrop: async (onto, transfer) => {
        const rows = transfer.get(ROWS) === undefined ? [] : this.#dragged;
        const files = rows.length > 0 || !takesFiles(view) ? [] : await filesOf(transfer);
        if (rows.length + files.length > 0) await this.dropped({ view, rows, files, onto });
      },
    };
  }
}

/** Images are loaded from files, and containers take files in. */
function takesFiles(view: ViewName): boolean {
  return view === 'images' || view === 'containers';
}

async function filesOf(transfer: DataTransfer): Promise<string[]> {
  const text = (await transfer.get(FILES)?.asString()) ?? '';
  const lines = text.split('\r\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => Uri.parse(line)).flatMap(({ scheme, fsPath }) => (isHere(scheme) ? [fsPath] : []));
}

/** Where the extension runs in the editor's server, its files are remote to the window. */
function isHere(scheme: string): boolean {
  return scheme === 'file' || scheme === 'vscode-remote';
}
