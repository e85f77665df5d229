// A small image as `docker save` writes it, made of the machine's static busybox: two layers, the second with a deletion.
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from '../../support/run';

const APPLETS = ['sh', 'ls', 'cat', 'echo', 'ps', 'id', 'hostname', 'mount', 'rm', 'touch', 'mkdir', 'sleep', 'head'];

/** Writes the archive; `name` is what the image is called. */
export async function writeBusyboxImage(archive: string, name: string): Promise<void> {
  const work = `${archive}.work`;
  await rm(work, { recursive: true, force: true });
  const [lower, upper] = [join(work, 'lower'), join(work, 'upper')];
  for (const directory of ['bin', 'etc', 'root', 'tmp', 'srv/old'])
    await mkdir(join(lower, directory), { recursive: true });
  await cp('/bin/busybox', join(lower, 'bin/busybox'), { dereference: true });
  for (const applet of APPLETS) await symlink('busybox', join(lower, 'bin', applet));
  await writeFile(join(lower, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  await writeFile(join(lower, 'etc/motd'), 'welcome\n');
  await writeFile(join(lower, 'srv/old/page'), 'old\n');
  await mkdir(join(upper, 'srv'), { recursive: true });
  // As an OCI layer says that something of the layers below is gone.
  await writeFile(join(upper, 'srv/.wh.old'), '');
  await writeFile(join(upper, 'srv/index.html'), '<h1>busybox</h1>\n');

  const layers = [await layerOf(work, 'lower'), await layerOf(work, 'upper')];
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    created: '2026-11-20T12:00:00Z',
    config: {
      Cmd: ['/bin/sh'],
      Env: ['PATH=/bin'],
      WorkingDir: '/root',
      ExposedPorts: { '80/tcp': {} },
      Labels: { stage: 'test' },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: [
      { created: '2026-11-19T12:00:00Z', created_by: '/bin/sh -c #(nop) ADD busybox in / ' },
      { created: '2026-11-20T12:00:00Z', created_by: '/bin/sh -c rm -r /srv/old' },
      { created: '2026-11-20T12:00:00Z', created_by: '/bin/sh -c #(nop)  CMD ["/bin/sh"]', empty_layer: true },
    ],
  });
  const id = createHash('sha256').update(config).digest('hex');
  await writeFile(join(work, `${id}.json`), config);
  const manifest = [{ Config: `${id}.json`, RepoTags: [name], Layers: layers.map(({ file }) => file) }];
  await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
  const files = [`${id}.json`, 'manifest.json', ...layers.map(({ file }) => file)];
  await output(['tar', '--create', '--file', archive, '--directory', work, '--owner=0', '--group=0', ...files]);
  await rm(work, { recursive: true });
}

async function layerOf(work: string, name: string): Promise<{ file: string; digest: string }> {
  const file = `${name}.tar`;
  const options = ['--owner=0', '--group=0', '--sort=name', '--mtime=@0'];
  await output(['tar', '--create', '--file', join(work, file), ...options, '--directory', join(work, name), '.']);
  return {
    file,
    digest: createHash('sha256')
      .update(await readFile(join(work, file)))
      .digest('hex'),
  };
}
