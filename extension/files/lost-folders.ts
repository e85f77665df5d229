// A window in a browser that begins anew with a second folder, as when a container's joins the workspace, sometimes comes up
// without any: the editor did not get to read the workspace file, which lies with its server, and does not read it again.
import { type LogOutputChannel, Uri, workspace } from 'vscode';
import { FILES_SCHEME } from './address';
import { workspaceFolders } from './workspace-file';

/** Gives the window the folders that its workspace file names, where one of them is ours and it has none. */
export async function findLostFolders(log: LogOutputChannel): Promise<void> {
  const { workspaceFile } = workspace;
  if (workspaceFile === undefined || (workspace.workspaceFolders ?? []).length > 0) return;
  const bytes = await workspace.fs.readFile(workspaceFile).then(undefined, () => undefined);
  if (bytes === undefined) return;
  const folders = workspaceFolders(new TextDecoder().decode(bytes));
  const named = folders.map((folder) => ({ ...folder, uri: Uri.parse(folder.uri) }));
  if (!named.some(({ uri }) => uri.scheme === FILES_SCHEME)) return;
  // They may have come meanwhile.
  if ((workspace.workspaceFolders ?? []).length > 0) return;
  log.warn(`the window has none of the folders that ${workspaceFile} names: they are added again`);
  workspace.updateWorkspaceFolders(0, 0, ...named);
}
