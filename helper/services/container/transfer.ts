// Files between a container and a descriptor of the caller, as tar(5) archives. tar works where nothing but the container's
// files can be named; the caller's descriptor is its own standard input or output.
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { close } from '../../sys/libc';
import { isBlocking, openInRoot } from '../../sys/libc-files';
import { asFailure, broken, errnoOf } from '../failures';
import type { Call, House } from '../house';
import { lastLine, programFailed } from '../image/program-failure';
import { runConfined, WORK } from '../image/sandbox';
import type { Tree } from './tree';

const TAR = '/usr/bin/tar';
const O_PATH = 0o10000000;
const O_DIRECTORY = 0o200000;

const ATTRIBUTES = [
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--xattrs-include=system.posix_acl_*',
  '--no-selinux',
];
const CREATE = ['--create', '--file=-', '--format=pax', '--numeric-owner', '--sparse', ...ATTRIBUTES];
const EXTRACT = [
  ...['--extract', '--file=-', '--numeric-owner', '--same-owner', '--preserve-permissions', ...ATTRIBUTES],
  // What is a link inside stays one: nothing is written through it.
  '--keep-directory-symlink',
  '--warning=no-timestamp',
];
/** Files that changed while they were read: so it is with what runs. */
const DIFFERED = 1;

export interface Transfer extends Tree {
  readonly house: Pick<House, 'nativeDir'>;
  readonly call: Call;
}

/** The whole file system of its root, without what is mounted below it. */
export async function exportTree(transfer: Transfer, output: number): Promise<void> {
  await create(transfer, output, ['--one-file-system', `--directory=${WORK}`, '.']);
}

/** A file or directory under its own name; what it is a link to is not followed. */
export async function copyOut(transfer: Transfer, path: string, output: number): Promise<void> {
  const whole = posix.normalize(path).replace(/(?<=.)\/$/, '');
  const name = posix.basename(whole);
  const parent = open(transfer.mount, posix.dirname(whole), path, O_DIRECTORY);
  try {
    if (name !== '') look(`/proc/self/fd/${parent}/${name}`, path);
    const directory = `--directory=${WORK}${readlinkSync(`/proc/self/fd/${parent}`)}`;
    await create(transfer, output, [directory, '--', name === '' ? '.' : `./${name}`]);
  } finally {
    close(parent);
  }
}

/** Unpacked into a directory that is there. */
export async function copyIn(transfer: Transfer, path: string, input: number): Promise<void> {
  const directory = open(transfer.mount, path, path, O_DIRECTORY);
  try {
    const place = `--directory=${WORK}${readlinkSync(`/proc/self/fd/${directory}`)}`;
    const status = await tar(transfer, [...EXTRACT, place], { input, write: true });
    if (status.exit !== 0) throw programFailed('tar', lastLine(await status.words()), status.exit);
  } finally {
    close(directory);
  }
}

/** Below the container's root, whatever is a link there. */
function open(mount: number, path: string, asked: string, flags: number): number {
  try {
    return openInRoot(mount, path, O_PATH | flags);
  } catch (error) {
    throw notThere(error, asked);
  }
}

function look(path: string, asked: string): void {
  try {
    lstatSync(path);
  } catch (error) {
    throw notThere(error, asked);
  }
}

function notThere(error: unknown, path: string) {
  const gone = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '');
  return gone
    ? broken('not-found', 'path-not-found', { path }, { field: 'path' })
    : asFailure(error, { field: 'path' });
}

async function create(transfer: Transfer, output: number, words: readonly string[]): Promise<void> {
  const { exit, words: said } = await tar(transfer, [...CREATE, ...words], { output, write: false });
  if (exit > DIFFERED) throw programFailed('tar', lastLine(await said()), exit);
}

interface Ends {
  readonly input?: number;
  readonly output?: number;
  readonly write: boolean;
}

async function tar({ house, mount, userns, call }: Transfer, words: readonly string[], { input, output, write }: Ends) {
  if (!existsSync(TAR)) {
    const hint = { code: 'install-package', args: { package: 'tar' } };
    throw broken('missing-program', 'program-not-found', { program: TAR }, { hint });
  }
  const theirs = input ?? output;
  const field = input === undefined ? 'output' : 'input';
  if (theirs === undefined) throw new TypeError('neither input nor output');
  // tar gives up where it is told to come again.
  if (!isBlocking(theirs)) throw broken('invalid', 'fd-not-blocking', undefined, { field });
  const running = await runConfined(house.nativeDir, {
    ...{ command: [TAR, ...words], stdin: theirs, stdout: theirs },
    directory: { mount, write },
    ...(userns !== undefined && { userns }),
  });
  const stop = () => running.stop();
  call.signal.addEventListener('abort', stop, { once: true });
  try {
    return { exit: await running.ended, words: running.words };
  } finally {
    call.signal.removeEventListener('abort', stop);
  }
}
