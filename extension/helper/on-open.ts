// What happens when a window opens: a helper that runs is found; a new one is started only where the settings ask for it,
// and then without root, since nobody is there to be asked for a password.
import { workspace } from 'vscode';
import type { Context } from '../context';
import { startHelper } from './start';

export async function connectOnOpen(context: Context): Promise<void> {
  const { helper } = context;
  if ((await helper.connect()) || helper.state.kind !== 'absent') return;
  if (context.configured().startOnOpen !== 'withoutRoot' || !workspace.isTrusted) return;
  // What root starts has root's rights: that is never done unasked.
  if (process.getuid?.() !== 0) await startHelper(context, 'none');
}
