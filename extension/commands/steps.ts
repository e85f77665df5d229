// steps/*: the walkthrough for newcomers. What ticks its steps stands in walkthrough/facts.ts.
import { commands } from 'vscode';

/** As package.json names it, behind the extension's own id. */
const WALKTHROUGH = 'isolab.isolab#firstSteps';

export async function openSteps(): Promise<void> {
  await commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH);
}
