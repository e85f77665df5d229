// Rows that are dragged and dropped within and between our trees. What a drop means is not decided here; and what is
// dropped is what was dragged here, whatever the transfer says: other extensions may write there.
import { type DataTransfer, DataTransferItem, type TreeDragAndDropController } from 'vscode';
import type { Node } from './nodes';

const ROWS = 'application/vnd.isolab.rows';

export class DragAndDrop implements TreeDragAndDropController<Node> {
  readonly dragMimeTypes = [ROWS];
  readonly dropMimeTypes = [ROWS];
  #dragged: readonly Node[] = [];

  constructor(
    private readonly draggable: (node: Node) => boolean,
    private readonly dropped: (rows: readonly Node[], onto: Node) => Promise<void>,
  ) {}

  handleDrag(source: readonly Node[], transfer: DataTransfer): void {
    this.#dragged = source.filter(this.draggable);
    if (this.#dragged.length > 0) transfer.set(ROWS, new DataTransferItem(String(this.#dragged.length)));
  }

  async handleDrop(target: Node | undefined, transfer: DataTransfer): Promise<void> {
    if (target === undefined || transfer.get(ROWS) === undefined) return;
    await this.dropped(this.#dragged, target);
  }
}
