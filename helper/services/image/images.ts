// image/*: requests to the store. Descriptors are fetched from the caller first; what takes long is a job of the store's.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../rpc/contract';
import type { Coded } from '../../rpc/contract/errors';
import type { Progress } from '../../rpc/contract/events';
import type { ImageRef } from '../../rpc/contract/image';
import { broken } from '../failures';
import type { Call, Caller, Handlers, House } from '../house';
import { Fetched } from '../session/caller';
import type { StoredImage } from './catalogue';
import type { Job, JobOptions } from './jobs';
import { candidates, withTag } from './names';
import { skopeo } from './skopeo';
import type { ImageStore } from './store';
import type { TakenImage } from './tasks';
import { savedOf } from './view';
import { withUnpackedXz } from './xz';

type Names =
  | 'image/list'
  | 'image/show'
  | 'image/layer'
  | 'image/load'
  | 'image/save'
  | 'image/import'
  | 'image/tag'
  | 'image/remove'
  | 'image/prune'
  | 'image/pull'
  | 'image/push';

export function imageHandlers(house: Pick<House, 'changes' | 'nativeDir'>, store: ImageStore): Pick<Handlers, Names> {
  const changed = () => house.changes.bump('image');
  const brought = async (
    params: { progress?: number | undefined },
    call: Call,
    take: (job: Job) => Promise<{ images: readonly TakenImage[]; notes: readonly Coded[] }>,
  ): Promise<Result<'image/load'>> => {
    const { images, notes } = await store.bring(optionsOf(params, call), take);
    changed();
    return { images: images.map((image) => store.row(image)), notes };
  };

  return {
    'image/list': () => {
      const { images, damaged } = store.list();
      return { images: images.map((image) => store.row(image)), damaged };
    },

    'image/show': ({ image }) => store.details(store.find(image)),

    'image/layer': async ({ image, layer, under = '/', shallow = false, offset = 0, limit = 1000 }, _caller, call) => {
      const found = store.find(image);
      const count = found.manifest.layers.length;
      if (layer >= count) throw broken('not-found', 'image-no-layer', { count }, { field: 'layer' });
      return store.jobs.run({ signal: call.signal }, async (job) => {
        const layers = await store.listed(job, found, layer + 1);
        return job.ask('entries', { layers, under, shallow, offset, limit });
      });
    },

    'image/load': (params, caller, call) =>
      withFetched(caller, async (fetched) => {
        const fd = readable(fetched, params.archive, true);
        const { name } = params;
        return brought(params, call, (job) => job.ask('load', { fd, ...(name !== undefined && { name }) }));
      }),

    'image/import': (params, caller, call) =>
      withFetched(caller, async (fetched) => {
        const fd = readable(fetched, params.archive, false);
        const { name, change = {}, message } = params;
        const more = { ...(name !== undefined && { name }), ...(message !== undefined && { message }) };
        return brought(params, call, async (job) => {
          const take = (from: number) => job.ask('import', { fd: from, change, ...more });
          const packing = await job.ask('sniff', { fd });
          return packing === 'xz' ? withUnpackedXz(job, house.nativeDir, fd, take) : take(fd);
        });
      }),

    'image/save': (params, caller, call) =>
      withFetched(caller, async (fetched) => {
        const fd = fetched.any(params.archive, 'archive');
        needStream(fd, params.archive);
        const images = params.images.map((ref, at) => {
          const image = store.find(ref, `images.${at}`);
          // By name only that name goes along, as with docker.
          return savedOf({ ...image, names: namesMeant(image, ref) });
        });
        const format = params.format ?? 'docker-archive';
        const bytes = await store.jobs.run(optionsOf(params, call), (job) => job.ask('save', { fd, images, format }));
        return { bytes };
      }),

    'image/tag': ({ image, name }) => {
      const found = store.find(image);
      const replaced = store.tag(found, name);
      changed();
      return { id: found.id, name: withTag(name), ...(replaced !== undefined && { replaced }) };
    },

    'image/remove': async ({ image: ref, force = false }) => {
      const image = store.find(ref);
      const names = namesMeant(image, ref);
      if ('id' in ref && names.length > 1 && !force) {
        const args = { image: image.id.slice(0, 12), names: names.join(', ') };
        throw broken('conflict', 'image-several-names', args, { field: 'image', hint: { code: 'image-force' } });
      }
      const isLast = names.length === image.names.length;
      if (isLast) needUnused(store, image);
      const { removed, freed } = await store.remove(image, names);
      changed();
      return { untagged: [...names], removed: removed ? [image.id] : [], freed };
    },

    'image/prune': async ({ all = false }) => {
      const { images } = store.list();
      const unused = images.filter((image) => (all || image.names.length === 0) && store.usersOf(image).length === 0);
      store.forgetDamaged();
      store.forget(unused);
      const freed = await store.collect();
      changed();
      return { removed: unused.map(({ id }) => id), freed };
    },

    'image/pull': (params, caller, call) =>
      withFetched(caller, async (fetched) => {
        const auth = authOf(fetched, params.auth);
        const { insecure = false } = params;
        const name = withTag(params.name);
        return brought(params, call, async (job) => {
          const directory = join(job.temp, 'pulled');
          job.progress('image-registry', 0);
          await skopeo(job, {
            from: `docker://${name}`,
            to: `oci:${directory}:latest`,
            registry: 'src',
            insecure,
            ...auth,
          });
          const fd = openSync(directory, 'r');
          try {
            return await job.ask('load', { fd, name });
          } finally {
            closeSync(fd);
          }
        });
      }),

    'image/push': (params, caller, call) =>
      withFetched(caller, async (fetched) => {
        const image = store.find(params.image);
        const name = params.to ?? ('name' in params.image ? params.image.name : image.names[0]);
        if (name === undefined) throw broken('invalid', 'image-nameless', undefined, { field: 'to' });
        const auth = authOf(fetched, params.auth);
        const { insecure = false } = params;
        await store.jobs.run(optionsOf(params, call), async (job) => {
          job.progress('image-registry', 0);
          // By its digest: names of the index may be anything.
          const from = store.exportTo(job, image);
          await skopeo(job, { from, to: `docker://${withTag(name)}`, registry: 'dest', insecure, ...auth });
        });
        return { name: withTag(name) };
      }),
  };
}

/** The name by which it was found; all of them where it was found by id. */
function namesMeant({ names }: StoredImage, ref: ImageRef): readonly string[] {
  if ('id' in ref) return names;
  return candidates(ref.name)
    .filter((name) => names.includes(name))
    .slice(0, 1);
}

export function optionsOf({ progress: token }: { progress?: number | undefined }, call: Call): JobOptions {
  const tell = (progress: Progress) => call.progress(progress);
  return {
    signal: call.signal,
    ...(token !== undefined && {
      progress: (step: string, done: number, total?: number) =>
        tell({ token, step, done, ...(total !== undefined && { total }) }),
    }),
  };
}

async function withFetched<T>(caller: Caller, act: (fetched: Fetched) => Promise<T>): Promise<T> {
  const fetched = new Fetched(caller.pidfd);
  try {
    return await act(fetched);
  } finally {
    fetched.close();
  }
}

function readable(fetched: Fetched, number: number, directories: boolean): number {
  const fd = fetched.any(number, 'archive');
  if (directories && fstatSync(fd).isDirectory()) return fd;
  needStream(fd, number);
  return fd;
}

function needStream(fd: number, number: number): void {
  const stats = fstatSync(fd);
  if (stats.isFile() || stats.isFIFO() || stats.isSocket()) return;
  throw broken('invalid', 'fd-not-stream', { fd: number }, { field: 'archive' });
}

function authOf(fetched: Fetched, number: number | undefined): { auth?: number } {
  return number === undefined ? {} : { auth: fetched.any(number, 'auth') };
}

function needUnused(store: ImageStore, image: StoredImage): void {
  const [first, ...others] = store.usersOf(image);
  if (first === undefined) return;
  const args = { image: image.names[0] ?? image.id.slice(0, 12), container: first, more: others.length };
  if (others.length === 0) throw broken('busy', 'image-used', args, { field: 'image' });
  throw broken('busy', 'image-used-by-several', args, { field: 'image' });
}
