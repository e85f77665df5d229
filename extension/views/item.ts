// A row becomes the editor's TreeItem. Nothing is decided here.
import { MarkdownString, ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import { t } from '../translate';
import { markUri } from './decorations';
import { explain, hover } from './explain';
import type { Node } from './nodes';
import type { Row } from './row';
import { spoken } from './spoken';

const COLLAPSIBLE = {
  never: TreeItemCollapsibleState.None,
  closed: TreeItemCollapsibleState.Collapsed,
  open: TreeItemCollapsibleState.Expanded,
} as const;

export function itemOf(row: Row, node: Node): TreeItem {
  const item = new TreeItem(row.label, COLLAPSIBLE[row.expand]);
  item.id = row.id;
  item.iconPath = new ThemeIcon(row.icon, row.colour === undefined ? undefined : new ThemeColor(row.colour));
  item.contextValue = row.context;
  if (row.description) item.description = row.description;
  // Text without trust: no commands, no HTML, and every mark of Markdown escaped.
  item.tooltip = new MarkdownString(hover(row.label, row.facts, explain(node, t)));
  item.accessibilityInformation = { label: spoken(node, t), role: 'treeitem' };
  const decorated = row.mark && markUri(row.mark);
  if (decorated) item.resourceUri = decorated;
  if (row.command) item.command = { command: row.command.id, title: row.command.title, arguments: [node] };
  return item;
}
