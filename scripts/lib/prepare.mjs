// Brings what a fresh clone lacks: node_modules as the lock file says, Debian packages that a step needs, the build.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { capture, ROOT, run, Stop, scrub, which } from './run.mjs';

/** Debian package by the program (or file) that shows it is there. */
const PACKAGES = {
  build: { gcc: 'gcc', make: 'make', '/usr/include/stdio.h': 'libc6-dev' },
  kernel: {
    ip: 'iproute2',
    unshare: 'util-linux',
    lsns: 'util-linux',
    script: 'bsdutils',
    ping: 'iputils-ping',
    ps: 'procps',
    sudo: 'sudo',
    nft: 'nftables',
    iptables: 'iptables',
    tmux: 'tmux',
    strace: 'strace',
    slirp4netns: 'slirp4netns',
    pasta: 'passt',
    busybox: 'busybox-static',
    newuidmap: 'uidmap',
    file: 'file',
    skopeo: 'skopeo',
    umoci: 'umoci',
    podman: 'podman',
    'docker-registry': 'docker-registry',
    setfattr: 'attr',
    setcap: 'libcap2-bin',
    zstd: 'zstd',
    xz: 'xz-utils',
    'mkfs.ext4': 'e2fsprogs',
    losetup: 'mount',
  },
  vm: { 'qemu-system-x86_64': 'qemu-system-x86', busybox: 'busybox-static' },
  editor: { 'g++': 'g++', python3: 'python3' },
  ui: {
    chromium: 'chromium',
    zsh: 'zsh',
    fish: 'fish',
    '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc': 'fonts-noto-cjk',
    unzip: 'unzip',
    bindfs: 'bindfs',
    fusermount3: 'fuse3',
  },
};

/** Installs node_modules when missing or not what package-lock.json says. */
export function installNodeModules() {
  if (nodeModulesFit()) return;
  console.log('Installing node_modules …');
  // Not `npm ci`: it refuses a lock file made where the optional packages of other platforms cannot be had.
  capture(['npm', 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
}

function nodeModulesFit() {
  const installed = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(want).every(
    ([path, entry]) => path === '' || (have[path] ? have[path].version === entry.version : entry.optional === true),
  );
}

/**
 * Makes sure the Debian packages of these groups are there. Installs what is missing as root or through sudo,
 * else throws Stop naming them. Asks apt nothing when nothing is missing.
 */
export async function installPackages(...groups) {
  const missing = new Set();
  for (const group of groups) {
    for (const [sign, name] of Object.entries(PACKAGES[group])) {
      if (!(sign.startsWith('/') ? existsSync(sign) : which(sign))) missing.add(name);
    }
  }
  if (missing.size === 0) return;
  const names = [...missing];
  const root = process.getuid() === 0 ? [] : which('sudo') ? ['sudo'] : undefined;
  if (!root || !which('apt-get')) throw new Stop(`Missing packages, please install: ${names.join(' ')}`);
  console.log(`Installing Debian packages: ${names.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const quiet = { env, stdio: ['inherit', 'ignore', 'inherit'] };
  await run([...root, 'apt-get', 'update', '-qq'], quiet);
  const status = await run([...root, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names], quiet);
  if (status !== 0) throw new Stop(`apt-get could not install: ${names.join(' ')}`);
}

/**
 * Unpacks Debian packages that cannot be installed beside others (busybox beside busybox-static), each into a folder of its
 * name below artifacts/. Throws Stop where one cannot be had.
 */
export async function unpackPackages(...names) {
  for (const name of names) {
    const folder = join(ROOT, 'artifacts', name);
    if (existsSync(folder)) continue;
    if (!which('apt-get')) throw new Stop(`Please unpack the Debian package ${name} into artifacts/${name}.`);
    console.log(`Unpacking Debian package: ${name} …`);
    mkdirSync(join(ROOT, 'artifacts'), { recursive: true });
    const fresh = mkdtempSync(`${folder}.`);
    try {
      await download(name, fresh);
      const [file] = readdirSync(fresh);
      capture(['dpkg-deb', '-x', join(fresh, file), join(fresh, 'root')]);
      renameSync(join(fresh, 'root'), folder);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
}

async function download(name, cwd) {
  const argv = ['apt-get', 'download', '-qq', '-o', 'APT::Sandbox::User=root', name];
  try {
    capture(argv, { cwd });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    // The lists of packages are not there yet, or too old.
    const root = process.getuid() === 0 ? [] : ['sudo'];
    await run([...root, 'apt-get', 'update', '-qq'], { stdio: ['inherit', 'ignore', 'inherit'] });
    capture(argv, { cwd });
  }
}

/** Builds dist/ with the development settings, or throws Stop with the compiler's words. */
export function build(...args) {
  const out = capture([process.execPath, join(ROOT, 'scripts/build.mjs'), ...args]);
  if (out.trim()) console.log(scrub(out.trim()));
}
