// Types of editor.mjs for the tests.

/** The folder of the editor that is set up: only there after setUpEditor(). */
export function editorHome(): string;
export function setUpEditor(): void;
export interface Place {
  /** Where the editor's folder is seen from; editorHome() by default. */
  home?: string;
  userData: string;
  extensions: string;
}
export interface Run extends Place {
  port: number;
  locale?: string | undefined;
  /** Folders are not trusted until the person says so. */
  untrusted?: boolean | undefined;
}
export function editorArgv(run: Run): string[];
export function installExtensionArgv(place: Place & { vsix: string }): string[];
export function uninstallExtensionArgv(place: Place & { id: string }): string[];
/** VS Code's own server, which lets in who knows the token. */
export function serveArgv(place: Place & { port: number; token: string; folder: string }): string[];
