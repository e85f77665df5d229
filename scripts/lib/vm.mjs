// A second kernel to test on: Debian's, in QEMU without KVM, with the files of this machine as its own. Nothing of it is
// installed: the package is unpacked into a folder that git ignores.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { capture, ROOT, run, Stop, which } from './run.mjs';
import { asRoot } from './seal.mjs';

/** What of the kernel tier is run there: what differs between kernels. Each list has a machine, and so a processor, of its own. */
export const VM_TESTS = [
  ['cgroup', 'session', 'netns', 'container'],
  ['link', 'container-limits'],
].map((names) => names.map((name) => `test/kernel/${name}.test.ts`));

const CACHE = join(ROOT, '.vm');
/** The package whose one dependency is the kernel of the day. */
const PACKAGE = 'linux-image-cloud-amd64';
/** What it takes to see the host's files; everything else the kernel loads when it is asked for. */
const MODULES = ['virtio_pci', 'virtiofs', 'overlay', 'virtio_console', 'virtio_blk'];
/** Part of QEMU up to Debian 12, then a package of its own. */
const FILE_SERVERS = ['/usr/libexec/virtiofsd', '/usr/lib/qemu/virtiofsd'];
/** Not below /run, which the sealed place has for itself. */
const REPORT_INSIDE = '/tmp/report.json';
const MEMORY = '2G';
/** A machine that says nothing more is ended. */
const LIMIT_S = 900;
/** How many times slower than here a test may be. */
const PATIENCE = '10';

/** The folder of the kernel, downloaded when there is none yet: `vmlinuz`, and `modules` for depmod(8). */
export async function setUpKernel() {
  const [have] = existsSync(CACHE) ? readdirSync(CACHE).filter((name) => name.startsWith('linux-image-')) : [];
  if (have) return;
  for (const program of ['apt-get', 'dpkg-deb']) {
    if (!which(program)) throw new Stop(`The tier vm takes its kernel from Debian; ${program} is not here.`);
  }
  if (!kernelName()) await run([...asRoot(), 'apt-get', 'update', '-qq']);
  const name = kernelName();
  if (!name) throw new Stop(`apt-cache knows no package ${PACKAGE}.`);
  console.log(`Downloading ${name} …`);
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'new-'));
  try {
    capture(['apt-get', 'download', '-qq', name], { cwd: work });
    const [archive] = readdirSync(work);
    capture(['dpkg-deb', '-x', archive, 'unpacked'], { cwd: work });
    const version = name.replace('linux-image-', '');
    capture([which('busybox'), 'depmod', '-b', join(work, 'unpacked'), version]);
    const kernel = join(work, 'kernel');
    mkdirSync(kernel);
    renameSync(join(work, 'unpacked/boot', `vmlinuz-${version}`), join(kernel, 'vmlinuz'));
    renameSync(join(work, 'unpacked/lib/modules', version), join(kernel, 'modules'));
    renameSync(kernel, join(CACHE, name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function kernelName() {
  const said = capture(['apt-cache', 'depends', PACKAGE], { stdio: ['ignore', 'pipe', 'ignore'] });
  return /linux-image-\d\S*/.exec(said)?.[0];
}

/**
 * Runs a command in the sealed place of a machine with that kernel. `command` gives its argv for the path of the report that
 * it writes in there, which then stands at `report`. Returns its exit status and what it left behind. What is said in there
 * is shown at once, or with `later` when it is over: two machines would speak at the same time.
 */
export async function runInVm(command, report, { later = false } = {}) {
  const kernel = join(
    CACHE,
    readdirSync(CACHE).find((name) => name.startsWith('linux-image-')),
  );
  const work = mkdtempSync(join(tmpdir(), 'isolab-vm-'));
  const argv = command(REPORT_INSIDE);
  const plan = {
    // Through a pipe: on a console the reporter would draw over its own lines.
    RUN: [
      `cd ${quoted(ROOT)}`,
      `export PATH=${quoted(process.env.PATH)} HOME=/root NO_COLOR=1 ISOLAB_TEST_PATIENCE=${PATIENCE}`,
      [process.execPath, 'scripts/in-vm.mjs', REPORT_INSIDE, ...argv]
        .map(quoted)
        .join(' ')
        .concat(' 2>&1 < /dev/null | cat'),
      '/run/vm/busybox poweroff -f',
    ].join('\n'),
    MODULES: join(kernel, 'modules'),
  };
  const answer = join(work, 'answer');
  const log = later ? join(work, 'console') : undefined;
  const files = serveFiles(work);
  try {
    const status = await machine(work, kernel, initialFiles(work, kernel, plan), await files.socket, { answer, log });
    if (log && existsSync(log)) process.stdout.write(readFileSync(log));
    const said = existsSync(answer) ? readFileSync(answer, 'utf8') : '';
    if (!said.endsWith('\n')) {
      return { status: status || 1, left: ['unknown: the machine ended before it could tell'] };
    }
    const told = JSON.parse(said);
    writeFileSync(report, JSON.stringify(told.report));
    return { status: told.status, left: told.left };
  } finally {
    await files.end();
    rmSync(work, { recursive: true, force: true });
  }
}

/** One word of a shell of ours. */
function quoted(word) {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The archive that the kernel begins with: busybox, the first modules, init and its plan. */
function initialFiles(work, kernel, plan) {
  const tree = join(work, 'initial');
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'host', 'writes', 'root', 'modules']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  copyFileSync(which('busybox'), join(tree, 'bin/busybox'));
  copyFileSync(join(ROOT, 'test/vm/init'), join(tree, 'init'));
  const lines = Object.entries(plan).map(([name, value]) => `${name}=${quoted(value)}\n`);
  writeFileSync(join(tree, 'plan'), lines.join(''));
  inOrder(join(kernel, 'modules/modules.dep')).forEach((file, at) => {
    const name = `${String(at).padStart(2, '0')}-${basename(file)}`;
    copyFileSync(join(kernel, 'modules', file), join(tree, 'modules', name));
  });
  const names = ['.', ...readdirSync(tree, { recursive: true })].join('\n');
  const archive = capture([which('busybox'), 'cpio', '-o', '-H', 'newc'], {
    cwd: tree,
    input: Buffer.from(`${names}\n`),
    encoding: 'buffer',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const packed = join(work, 'initial.gz');
  writeFileSync(packed, gzipSync(archive, { level: 1 }));
  return packed;
}

/** The wanted modules after what they need. */
function inOrder(dependencies) {
  const needs = new Map(
    readFileSync(dependencies, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(':'))
      .map(([file, rest]) => [file, rest.split(' ').filter(Boolean)]),
  );
  const order = [];
  const add = (file) => {
    for (const need of [...needs.get(file)].reverse()) add(need);
    if (!order.includes(file)) order.push(file);
  };
  for (const name of MODULES) {
    const file = [...needs.keys()].find((each) => basename(each).replace(/\.ko(\..*)?$/, '') === name);
    // One that is built in needs no loading.
    if (file) add(file);
  }
  return order;
}

/** Shows this machine's files to the other one. It ends with the connection, or by `end`. */
function serveFiles(work) {
  const program = FILE_SERVERS.find((path) => existsSync(path));
  if (!program) throw new Stop('Missing package, please install: virtiofsd');
  const path = join(work, 'files.sock');
  const options = ['source=/', 'cache=always', 'sandbox=chroot'].flatMap((option) => ['-o', option]);
  const [first, ...rest] = [...asRoot(), program, `--socket-path=${path}`, ...options];
  let said = '';
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4096);
    });
  }
  const gone = new Promise((resolve) => child.once('close', resolve));
  const socket = (async () => {
    for (let waited = 0; !existsSync(path); waited += 20) {
      if (child.exitCode !== null || waited > 10_000) throw new Stop(`${program} does not serve:\n${said}`);
      await pause(20);
    }
    return path;
  })();
  return {
    socket,
    async end() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function machine(work, kernel, initial, files, { answer, log }) {
  const disk = join(work, 'disk');
  writeFileSync(disk, Buffer.alloc(32 << 20, 'disk'));
  return run(
    [
      ...asRoot(),
      which('timeout'),
      String(LIMIT_S),
      which('qemu-system-x86_64'),
      ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', MEMORY],
      // Shared, so that the server of the files can write into it.
      ...['-object', `memory-backend-memfd,id=memory,size=${MEMORY},share=on`, '-numa', 'node,memdev=memory'],
      ...['-chardev', `socket,id=files,path=${files}`],
      ...['-device', 'vhost-user-fs-pci,chardev=files,tag=host,queue-size=1024'],
      ...['-drive', `file=${disk},format=raw,if=virtio`],
      ...['-chardev', `file,id=answer,path=${answer}`, '-device', 'virtio-serial-pci'],
      ...['-device', 'virtserialport,chardev=answer,name=answer'],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', log ? `file:${log}` : 'stdio'],
      ...['-kernel', join(kernel, 'vmlinuz'), '-initrd', initial],
      ...[
        '-append',
        'console=ttyS0 no_timer_check quiet panic=-1 random.trust_cpu=on mitigations=off nowatchdog audit=0',
      ],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
}
