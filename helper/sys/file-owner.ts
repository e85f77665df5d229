// Making files as somebody else, of the calling thread only: what it makes belongs to the other, and it may still do all
// that it may. Shown through a user namespace's map nothing can be made by who is not in the map (EOVERFLOW).
import { constants } from 'node:os';
import koffi from 'koffi';
import { SysError } from './errors';
import { check } from './libc-calls';

const libc = koffi.load(null);

// Unlike setuid(3) these concern one thread in every C library (setfsuid(2), capset(2)).
const setfsuid = libc.func('int setfsuid(unsigned int id)') as (id: number) => number;
const setfsgid = libc.func('int setfsgid(unsigned int id)') as (id: number) => number;
const capget = libc.func('int capget(uint8_t *head, uint8_t *data)') as (head: Buffer, data: Buffer) => number;
const capset = libc.func('int capset(uint8_t *head, uint8_t *data)') as (head: Buffer, data: Buffer) => number;

const CAPABILITY_VERSION_3 = 0x2008_0522;
/** No id: changes nothing, and tells the present one. */
const ASK = 0xffff_ffff;

/** `work` is synchronous. Throws SysError; a thread that could not come back ends the process: it would make files for the wrong one. */
export function asFileOwner<T>(id: number, work: () => T): T {
  try {
    setfsgid(id);
    setfsuid(id);
    if (setfsuid(ASK) !== id || setfsgid(ASK) !== id) throw new SysError('setfsuid', constants.errno.EPERM);
    raise();
    return work();
  } finally {
    setfsuid(0);
    setfsgid(0);
    if (setfsuid(ASK) !== 0 || setfsgid(ASK) !== 0) process.kill(process.pid, 'SIGABRT');
  }
}

/** With the id the effective set lost what concerns files; what is permitted may be raised again (capabilities(7)). */
function raise(): void {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(CAPABILITY_VERSION_3);
  // Effective, permitted, inheritable: the lower half of each, then the upper.
  const data = Buffer.alloc(24);
  check(capget(head, data), 'capget');
  data.copyWithin(0, 4, 8);
  data.copyWithin(12, 16, 20);
  check(capset(head, data), 'capset');
}
