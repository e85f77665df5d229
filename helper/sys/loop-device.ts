// Loop devices (loop(4)): a file as a block device. Made so that the kernel frees the device by itself with its last user.
import { existsSync, fstatSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from './errors';
import { close, ioctl, open } from './libc';

const O_RDONLY = 0;
const O_RDWR = 2;
const CONTROL = '/dev/loop-control';
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LOOP_GET_STATUS64 = 0x4c05;
const LO_FLAGS_READ_ONLY = 1;
const LO_FLAGS_AUTOCLEAR = 4;
/** struct loop_config: the file, a block size, struct loop_info64, room for more. */
const CONFIG_BYTES = 304;
const FLAGS_AT = 60;
/** struct loop_info64 begins with device and inode of the file. */
const INFO_BYTES = 232;
/** Somebody else may take the device that was free a moment ago. */
const TRIES = 64;

export interface LoopDevice {
  /** /dev/loopN */
  readonly path: string;
  /** Of the device, the caller's to close: it stands while this, or a mount of it, does. */
  readonly fd: number;
}

/** Attaches a file (`fd`, open for writing unless read-only), Linux 5.8. Throws SysError. */
export function attachLoop(fd: number, options: { readonly readonly?: boolean } = {}): LoopDevice {
  const control = open(CONTROL, O_RDWR);
  try {
    for (let round = 1; ; round++) {
      const path = `/dev/loop${ioctl(control, LOOP_CTL_GET_FREE)}`;
      const device = open(path, O_RDWR);
      try {
        ioctl(device, LOOP_CONFIGURE, configuration(fd, options.readonly === true));
        return { path, fd: device };
      } catch (error) {
        close(device);
        if (round === TRIES || !(error instanceof SysError) || error.errno !== constants.errno.EBUSY) throw error;
      }
    }
  } finally {
    close(control);
  }
}

/** The device that a file is attached to already, held open; undefined where it is to none. Throws SysError. */
export function findLoop(fd: number): LoopDevice | undefined {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  for (const name of readdirSync('/sys/block')) {
    if (!/^loop\d+$/.test(name) || !existsSync(`/sys/block/${name}/loop`)) continue;
    const path = `/dev/${name}`;
    const device = unlessFree(() => open(path, O_RDONLY));
    if (device === undefined) continue;
    // Asked once it is held: from here on it stays what it is.
    const info = Buffer.alloc(INFO_BYTES);
    const attached = unlessFree(() => ioctl(device, LOOP_GET_STATUS64, info)) !== undefined;
    if (attached && info.readBigUInt64LE() === dev && info.readBigUInt64LE(8) === ino) return { path, fd: device };
    close(device);
  }
  return undefined;
}

/** Undefined where the device has come free meanwhile. */
function unlessFree<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof SysError && error.errno === constants.errno.ENXIO) return undefined;
    throw error;
  }
}

function configuration(fd: number, readonly: boolean): Buffer {
  const config = Buffer.alloc(CONFIG_BYTES);
  config.writeUInt32LE(fd, 0);
  config.writeUInt32LE(LO_FLAGS_AUTOCLEAR | (readonly ? LO_FLAGS_READ_ONLY : 0), FLAGS_AT);
  return config;
}
