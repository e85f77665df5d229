// A thread that enters a container's mount namespace, takes a detached copy of all that is mounted there and ends: of
// Node's threads only one that shares no root directory with the others may go there. An entry of its own in the build.
import { parentPort, workerData } from 'node:worker_threads';
import { SysError } from '../../sys/errors';
import { close, open, setns, unshare } from '../../sys/libc';
import { clone } from '../../sys/mount-api';
import { CLONE_FLAGS } from '../../sys/namespaces';
import type { RootAnswer, RootQuestion } from './tree';

const CLONE_FS = 0x200;
const O_PATH = 0o10000000;

function take({ mnt }: RootQuestion): RootAnswer {
  try {
    unshare(CLONE_FS);
    setns(mnt, CLONE_FLAGS.mnt);
    const root = open('/', O_PATH);
    try {
      return { mount: clone(root, { recursive: true }) };
    } finally {
      close(root);
    }
  } catch (error) {
    if (error instanceof SysError) return { call: error.call, errno: error.errno };
    throw error;
  }
}

parentPort?.postMessage(take(workerData as RootQuestion) satisfies RootAnswer);
