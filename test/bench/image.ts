// Unpacking a layer of 200 MB for overlay: from the blob in the store, its digest checked, against GNU tar from the same
// file, and umoci(1) from the same store.
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageStore } from '../../helper/services/image/store';
import { ROOT } from '../support/root';
import { output } from '../support/run';
import { startPeer, timedExec } from './peers/peer';
import { Absent, type Bench, needs, paired, type Row, type Side } from './row';

const IMAGE = 'layer:1';
/** 2,000 files that no packing makes smaller. */
const TREE = 'for d in $(seq 40); do mkdir $d; for f in $(seq 50); do head -c 105000 /dev/urandom > $d/$f; done; done';

interface Layer {
  /** The archive of it, and the store that has it: an OCI layout. */
  readonly archive: string;
  readonly layout: string;
  /** For what others unpack; not there yet. */
  readonly out: string;
  readonly ours: Side;
}

/** A layer of 200 MB in a store of its own, unpacked by us and taken away again in each round. */
async function layerOf200(bench: Bench): Promise<Layer> {
  const folder = await mkdtemp(join(tmpdir(), 'isolab-unpack-'));
  bench.defer(() => rm(folder, { recursive: true }));
  const [tree, archive, data, out] = ['tree', 'layer.tar', 'data', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  await Promise.all([mkdir(tree), mkdir(data)]);
  await output(['sh', '-c', TREE], { cwd: tree, timeoutMs: 120_000 });
  await output(['tar', '-C', tree, '-cf', archive, '.']);
  await rm(tree, { recursive: true });
  const open = () =>
    new ImageStore({
      dataDir: data,
      nativeDir: join(ROOT, 'dist/native'),
      workerFile: join(ROOT, 'dist/image-worker.cjs'),
      unpacks: true,
      warn: (text) => process.stderr.write(`${text}\n`),
    });
  const first = open();
  const fd = openSync(archive, 'r');
  await first.bring({}, (job) => job.ask('import', { fd, name: IMAGE, change: {} }));
  closeSync(fd);
  const [layer = ''] = (await first.resolve({ name: IMAGE })).layers;
  await first.close();
  let store = open();
  const again = async () => {
    await store.close();
    await Promise.all([rm(layer, { recursive: true }), rm(`${layer}.whole`)]);
    await output(['sync']);
    store = open();
    store.list();
  };
  // It was unpacked when it was imported.
  await again();
  const ours: Side = { run: () => store.resolve({ name: IMAGE }), after: again };
  return { archive, layout: join(data, 'images'), out, ours };
}

/** Takes away what a peer unpacked. */
async function removed(out: string): Promise<void> {
  await rm(out, { recursive: true });
  await output(['sync']);
}

const againstTar: Row = {
  name: 'image-unpack',
  what: 'a layer of 200 MB unpacked for overlay; tar --extract',
  unit: 'ms',
  goal: { atMost: 1.2 },
  async run(bench) {
    const exec = await startPeer('timed-exec', bench);
    const { archive, out, ours } = await layerOf200(bench);
    const tar = async () => {
      await mkdir(out);
      return timedExec(exec, ['tar', '-C', out, '-xf', archive]);
    };
    return paired(bench.quick ? 4 : 30, ours, { run: tar, after: () => removed(out) }, 1);
  },
};

const againstUmoci: Row = {
  name: 'image-umoci',
  what: 'the same; umoci unpack of the image from the same store',
  unit: 'ms',
  goal: { atMost: 1.0 },
  async run(bench) {
    if (bench.quick) throw new Absent('left out: umoci takes seconds');
    await needs('umoci');
    const exec = await startPeer('timed-exec', bench);
    const { layout, out, ours } = await layerOf200(bench);
    const umoci = () => timedExec(exec, ['umoci', 'unpack', '--image', `${layout}:${IMAGE}`, out]);
    return paired(10, ours, { run: umoci, after: () => removed(out) }, 1);
  },
};

export const rows: readonly Row[] = [againstTar, againstUmoci];
