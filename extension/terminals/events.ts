// Shell integration as the editor's API tells of it: there since VS Code 1.93, so it is looked for before it is used.
import { type Disposable, type Terminal, type TerminalOptions, window } from 'vscode';

interface ShellEvents {
  readonly onDidOpenTerminal: unknown;
  readonly onDidStartTerminalShellExecution?: Listen;
  readonly onDidEndTerminalShellExecution?: Listen;
}

type Listen = (listener: (event: { readonly terminal: Terminal }) => void) => Disposable;

/** Hears when a command starts and ends in any terminal whose shell reports that. */
export function onShellExecution(listener: (terminal: Terminal, runs: boolean) => void): Disposable[] {
  const events: ShellEvents = window;
  return [
    events.onDidStartTerminalShellExecution?.(({ terminal }) => listener(terminal, true)),
    events.onDidEndTerminalShellExecution?.(({ terminal }) => listener(terminal, false)),
  ].filter((each) => each !== undefined);
}

/** `shellIntegrationNonce`: what the shell's reports are trusted by; newer than the API that we are built against. */
export interface ReportingOptions extends TerminalOptions {
  readonly shellIntegrationNonce?: string;
}
