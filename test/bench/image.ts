// Unpacking a layer of 200 MB for overlay: from the blob in the store, its digest checked, against GNU tar from the same file.
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageStore } from '../../helper/services/image/store';
import { ROOT } from '../support/root';
import { output } from '../support/run';
import { startPeer, timedExec } from './peers/peer';
import { paired, type Row } from './row';

/** 2,000 files that no packing makes smaller. */
const TREE = 'for d in $(seq 40); do mkdir $d; for f in $(seq 50); do head -c 105000 /dev/urandom > $d/$f; done; done';

const unpack: Row = {
  name: 'image-unpack',
  what: 'a layer of 200 MB unpacked for overlay; tar --extract',
  unit: 'ms',
  goal: { atMost: 1.2 },
  async run(bench) {
    const exec = await startPeer('timed-exec', bench);
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
    await first.bring({}, (job) => job.ask('import', { fd, name: 'layer:1', change: {} }));
    closeSync(fd);
    const [layer = ''] = (await first.resolve({ name: 'layer:1' })).layers;
    await first.close();
    let store = open();
    return paired(
      bench.quick ? 5 : 30,
      {
        run: () => store.resolve({ name: 'layer:1' }),
        after: async () => {
          await store.close();
          await Promise.all([rm(layer, { recursive: true }), rm(`${layer}.whole`)]);
          await output(['sync']);
          store = open();
          store.list();
        },
      },
      {
        run: async () => {
          await mkdir(out);
          return timedExec(exec, ['tar', '-C', out, '-xf', archive]);
        },
        after: async () => {
          await rm(out, { recursive: true });
          await output(['sync']);
        },
      },
      1,
    );
  },
};

export const rows: readonly Row[] = [unpack];
