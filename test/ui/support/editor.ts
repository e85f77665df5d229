// One editor for one test file: a server run by the person, a browser page on it, and the parts of the window that
// tests act on. Mouse and keyboard only; whatever is read is what a person sees.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { editorArgv } from '../../../scripts/lib/editor.mjs';
import { ROOT } from '../../support/root';
import { output } from '../../support/run';
import { until } from '../../support/until';
import { Dialogs } from './dialogs';
import { installChinese } from './language';
import { PERSON } from './person';
import { QuickInput } from './quick-input';
import { EditorServer } from './server';
import { EDITOR_HOME, EXTENSIONS } from './setup';
import { Terminals } from './terminals';
import { Tree } from './tree';

const SCREENS = join(ROOT, 'artifacts/screens');
const PROGRAM = '/usr/bin/chromium';
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const THEMES = {
  light: 'Default Light Modern',
  dark: 'Default Dark Modern',
  contrast: 'Default High Contrast',
};

/** What the picker of themes calls them, and how the page is marked then. */
const PICKED = {
  light: { label: 'Light Modern', mark: 'vs' },
  dark: { label: 'Dark Modern', mark: 'vs-dark' },
  contrast: { label: 'Dark High Contrast', mark: 'hc-black' },
};

export interface EditorOptions {
  theme?: keyof typeof THEMES;
  language?: 'en' | 'zh-cn';
  /** The workspace folder is not trusted: the window is restricted. */
  untrusted?: boolean;
  /** The editor's server logs everything. */
  verbose?: boolean;
  /** Further settings of the person's. */
  settings?: Record<string, unknown>;
  /** Folder of extensions, where it is not the one that all tests share. */
  extensions?: string;
  /** Of the server, where it differs from what a login gives. */
  env?: NodeJS.ProcessEnv;
}

export class Editor {
  /** What the page wrote into the browser's console. */
  readonly console: string[] = [];
  readonly quick: QuickInput;
  readonly terminals: Terminals;
  readonly dialogs: Dialogs;

  private constructor(
    readonly page: Page,
    private readonly browser: Browser,
    private readonly server: EditorServer,
  ) {
    page.on('console', (message) =>
      this.console.push(`${new Date().toISOString()} ${message.type()} ${message.text()}`),
    );
    this.quick = new QuickInput(page);
    this.terminals = new Terminals(page);
    this.dialogs = new Dialogs(page);
  }

  static async open(options: EditorOptions = {}): Promise<Editor> {
    const userData = `${PERSON.home}/data`;
    await rm(userData, { recursive: true, force: true });
    await mkdir(`${userData}/User`, { recursive: true });
    await writeFile(`${userData}/User/settings.json`, JSON.stringify(settings(options)));
    if (options.language === 'zh-cn') await installChinese(userData, EXTENSIONS);
    await output(['chown', '-R', `${PERSON.uid}:${PERSON.gid}`, PERSON.home]);

    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const argv = editorArgv({
      home: EDITOR_HOME,
      userData,
      extensions: options.extensions ?? EXTENSIONS,
      port,
      locale: options.language === 'zh-cn' ? 'zh-cn' : undefined,
      untrusted: options.untrusted,
    });
    const server = new EditorServer([...argv, ...(options.verbose ? ['--log', 'debug'] : [])], address, options.env);
    let browser: Browser | undefined;
    try {
      await server.start();
      browser = await chromium.launch({ executablePath: PROGRAM, args: QUIET });
      const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
      page.setDefaultTimeout(15_000);
      const editor = new Editor(page, browser, server);
      await editor.load();
      return editor;
    } catch (error) {
      await browser?.close();
      await server.stop();
      throw new Error(`${error instanceof Error ? error.message : error}\n${server.log()}`);
    }
  }

  /** Loads the window (again) and waits until it can be used. */
  async load(): Promise<void> {
    await this.page.goto(`${this.server.address}/?folder=${PERSON.folder}`, { timeout: 60_000 });
    await this.part('Isolab').waitFor({ timeout: 60_000 });
  }

  /** Reloads the window as F5 in the browser does. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.part('Isolab').waitFor({ timeout: 60_000 });
  }

  /** An entry of the activity bar. */
  private part(label: string): Locator {
    return this.page.locator(`.activitybar .action-item a.action-label[aria-label^="${label}"]`);
  }

  /** Opens Isolab's side bar and gives its two trees. */
  async openIsolab(): Promise<{ networks: Tree; namespaces: Tree }> {
    const title = this.page.locator('.sidebar .composite.title', { hasText: 'Isolab' });
    const trees = { networks: new Tree(this.page, 0), namespaces: new Tree(this.page, 1) };
    // Shortly after a load it may be open already without showing so, and the click shuts it: then once more.
    await until(
      async () => {
        if (!(await title.isVisible())) await this.part('Isolab').click();
        await title.waitFor({ timeout: 2000 });
        await trees.namespaces.pane.waitFor({ timeout: 2000 });
        return true;
      },
      `Isolab's side bar`,
      { timeoutMs: 20_000 },
    );
    return trees;
  }

  /** Runs a command from the palette by its full label: `Isolab: Create veth pair`. */
  async command(label: string): Promise<void> {
    // The palette lists what can be done at the moment it opens, which shortly after a load is not everything yet; and
    // it closes when something else, a terminal that ends, takes the focus.
    await until(
      async () => {
        await this.page.keyboard.press('F1');
        await this.quick.ready();
        await this.quick.fill(`>${label}`);
        const done = await this.quick.tryPick(label, 2000);
        if (!done) await this.page.keyboard.press('Escape');
        return done;
      },
      `the command ${label} in the palette`,
      { timeoutMs: 20_000 },
    );
  }

  /** Labels in the palette that begin like this, as far as they are in view. */
  async paletteOf(beginning: string): Promise<string[]> {
    await this.page.keyboard.press('F1');
    await this.quick.ready();
    await this.quick.fill(`>${beginning}`);
    const rows = this.quick.rows().locator('.label-name');
    await rows.filter({ hasText: beginning }).first().waitFor();
    const labels = await rows.allInnerTexts();
    await this.quick.escape();
    return labels.map((label) => label.replaceAll('\u00a0', ' ').trim()).filter((label) => label.startsWith(beginning));
  }

  /** Waits until our status bar entry says exactly this. */
  async status(text: string): Promise<void> {
    await this.page
      .locator('.statusbar-item', { hasText: new RegExp(`^\\s*${text}\\s*$`) })
      .first()
      .waitFor();
  }

  /** Every text in the parts of the window that show our words, as a person reads them: one entry a label or line. */
  async ourTexts(): Promise<string[]> {
    const places = [
      '.sidebar .label-name, .sidebar .label-description, .sidebar .pane-header .title, .sidebar .welcome-view p',
      '.sidebar .welcome-view .monaco-button, .sidebar .monaco-list-row .monaco-icon-label',
      '.quick-input-title, .quick-input-message, .quick-input-list .label-name, .quick-input-list .label-description',
      '.quick-input-list .quick-input-list-label-meta, .monaco-dialog-box .dialog-message-text',
      '.monaco-dialog-box .dialog-message-detail, .monaco-dialog-box .monaco-button',
      '.notification-list-item-message, .notification-list-item .monaco-button',
      '.statusbar-item, .view-lines .view-line, .terminal-tabs-entry, .single-terminal-tab, .context-view .action-label',
      '.tab .label-name',
    ];
    const texts = await this.page.locator(places.join(', ')).allInnerTexts();
    const placeholders = await this.page
      .locator('.quick-input-box input')
      .evaluateAll((inputs) => inputs.map((input) => input.getAttribute('placeholder') ?? ''));
    return [...texts, ...placeholders]
      .flatMap((text) => text.split('\n'))
      .map((text) => text.replaceAll('\u00a0', ' ').replace(/\s+/g, ' ').trim())
      .filter(Boolean);
  }

  /** What the person copied last. */
  async clipboard(): Promise<string> {
    await this.allowClipboard();
    return await this.page.evaluate<string>('navigator.clipboard.readText()');
  }

  private async copy(text: string): Promise<void> {
    await this.allowClipboard();
    await this.page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  }

  private async allowClipboard(): Promise<void> {
    await this.page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: this.server.address });
  }

  /** Writes settings into the person's settings.json, in the editor: a file changed beneath it is not noticed. */
  async set(changes: Record<string, unknown>): Promise<void> {
    const file = `${PERSON.home}/data/User/settings.json`;
    const read = async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const wanted = { ...(await read()), ...changes };
    await this.command('Preferences: Open User Settings (JSON)');
    await this.page.locator('.editor-instance .view-line', { hasText: '"workbench.colorTheme"' }).first().click();
    await this.page.keyboard.press('Control+A');
    // Pasted: what is typed gets quotes and brackets of the editor's own.
    await this.copy(JSON.stringify(wanted));
    await this.page.keyboard.press('Control+V');
    await this.page.keyboard.press('Control+S');
    await until(async () => JSON.stringify(await read()) === JSON.stringify(wanted), 'the settings to be saved');
    await this.command('View: Close Editor');
  }

  /** Changes the colours, and waits until they are there. */
  async theme(theme: keyof typeof THEMES): Promise<void> {
    const { label, mark } = PICKED[theme];
    await this.command('Preferences: Color Theme');
    await this.quick.ready();
    await this.quick.fill(label);
    await this.quick.pick(label);
    await this.quick.gone();
    await this.page.locator(`.monaco-workbench.${mark}`).waitFor();
  }

  /** Saves artifacts/screens/NAME.png. */
  async screenshot(name: string): Promise<void> {
    await mkdir(SCREENS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENS, `${name}.png`) });
  }

  /** What the editor's server wrote. */
  log(): string {
    return this.server.log();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }

  /** Ends the editor's server and everything in it, starts it again on the same data, and loads the window anew. */
  async restart(): Promise<void> {
    await this.server.stop();
    await this.server.start();
    await this.load();
  }

  /** How often the part of the editor's server that runs the terminals logged this since it started. */
  async ptyHostLogged(text: string): Promise<number> {
    const logs = `${PERSON.home}/data/logs`;
    const latest = (await readdir(logs)).sort().at(-1) ?? '';
    return (await readFile(join(logs, latest, 'ptyhost.log'), 'utf8')).split(text).length - 1;
  }

  /** Keeps the editor's own logs, and what the page wrote, beside the screenshots. */
  async keepLogs(name: string): Promise<void> {
    const kept = join(ROOT, 'artifacts/logs', name);
    await cp(`${PERSON.home}/data/logs`, kept, { recursive: true, force: true });
    await writeFile(join(kept, 'console.log'), this.console.join('\n'));
  }
}

function settings({ theme = 'light', untrusted = false, settings: more }: EditorOptions): Record<string, unknown> {
  return {
    'workbench.colorTheme': THEMES[theme],
    'workbench.startupEditor': 'none',
    'workbench.tips.enabled': false,
    // Pictures are taken while nothing fades in or out.
    'workbench.reduceMotion': 'on',
    'workbench.enableExperiments': false,
    // Settings open beside the rest of the window, not above it.
    'workbench.editor.useModal': 'off',
    // Rows that stick to the top would be there twice.
    'workbench.tree.enableStickyScroll': false,
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'chat.disableAIFeatures': true,
    'extensions.ignoreRecommendations': true,
    'extensions.autoCheckUpdates': false,
    'security.workspace.trust.enabled': untrusted,
    'security.workspace.trust.startupPrompt': 'never',
    'git.enabled': false,
    // With this the terminal's text stands in the page, where it can be read.
    'terminal.integrated.gpuAcceleration': 'off',
    ...more,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
