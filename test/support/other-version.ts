// The same program as somebody would have it from before or after an update: built from these sources with another version
// and, where asked for, another protocol. A helper of it is a real one.
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { ROOT } from './root';
import { output } from './run';

export interface OtherVersion {
  readonly version: string;
  /** Default: the protocol of these sources. */
  readonly protocol?: number;
}

export interface Built {
  /** Paths of its isolab.cjs and isolab-attach, in a folder that everybody can read. */
  readonly cli: string;
  readonly attach: string;
  /** Takes it away again. */
  remove(): Promise<void>;
}

export async function buildOther(other: OtherVersion): Promise<Built> {
  const folder = await mkdtemp(join(tmpdir(), 'other-'));
  const bundle = (entry: string, name: string) =>
    build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      outfile: join(folder, name),
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      logLevel: 'error',
      alias: { koffi: './node_modules/koffi/index.cjs' },
      external: ['@koromix/*'],
      plugins: [replaced(other), ...(name === 'isolab.cjs' ? [daemonApart] : [])],
    });
  await Promise.all([
    bundle('helper/main.ts', 'isolab.cjs'),
    bundle('helper/daemon/start.ts', 'daemon.cjs'),
    bundle('helper/discovery/scan-worker.ts', 'scan-worker.cjs'),
    bundle('helper/services/file/worker.ts', 'file-worker.cjs'),
    bundle('helper/services/image/work/image-worker.ts', 'image-worker.cjs'),
    bundle('helper/services/container/root-worker.ts', 'root-worker.cjs'),
  ]);
  for (const part of ['native', 'node_modules'])
    await cp(join(ROOT, 'dist', part), join(folder, part), { recursive: true });
  await chmod(folder, 0o755);
  if (other.protocol !== undefined) await buildAttach(folder, other.protocol);
  return {
    cli: join(folder, 'isolab.cjs'),
    attach: join(folder, 'native/isolab-attach'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The one program in C that speaks the protocol, from a copy of its sources with the number changed. */
async function buildAttach(folder: string, protocol: number): Promise<void> {
  const sources = join(folder, 'sources/attach');
  await cp(join(ROOT, 'native/attach'), sources, { recursive: true });
  // What both programs say to each other stands in its header.
  await cp(join(ROOT, 'native/monitor'), join(folder, 'sources/monitor'), { recursive: true });
  const file = join(sources, 'helper.c');
  const [before = '', after, ...more] = (await readFile(file, 'utf8')).split(/(?<=\bPROTOCOL = )\d+/);
  if (after === undefined || more.length > 0) throw new Error(`${file} does not name the protocol once`);
  await writeFile(file, `${before}${protocol}${after}`);
  const parts = (await readdir(sources)).filter((name) => name.endsWith('.c')).map((name) => join(sources, name));
  const out = join(folder, 'native/isolab-attach');
  await rm(out);
  await output(['gcc', '-std=c17', '-D_GNU_SOURCE', '-static', '-O1', '-o', out, ...parts]);
}

function replaced({ version, protocol }: OtherVersion): Plugin {
  return {
    name: 'other-version',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\/package\.json$/ }, ({ path }) =>
        path === join(ROOT, 'package.json') ? { contents: JSON.stringify({ version }), loader: 'json' } : undefined,
      );
      onLoad({ filter: /\/rpc\/contract\/protocol\.ts$/ }, () =>
        protocol === undefined ? undefined : { contents: `export const PROTOCOL_VERSION = ${protocol};`, loader: 'ts' },
      );
    },
  };
}

const daemonApart: Plugin = {
  name: 'daemon-apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/daemon\/start$/ }, () => ({ path: './daemon.cjs', external: true })),
};
