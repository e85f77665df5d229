// bpf(2), as far as device rules of cgroup v2 take it: one program of one kind, loaded, and hung on a group.
import { close } from './libc';
import { addressOf, c, check } from './libc-calls';

/** The one system call here whose number differs: x86-64 and arm64. */
const SYS_bpf = process.arch === 'arm64' ? 280 : 321;
const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_PROG_QUERY = 16;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
const BPF_F_ALLOW_MULTI = 2;
const BPF_F_REPLACE = 4;
/** Enough of union bpf_attr for these commands; the kernel takes the rest for zero. */
const ATTRIBUTES = 72;
/** What attributes point to lies here, for good: nothing else would keep a buffer alive during the call. */
const instructionSpace = Buffer.alloc(64 * 1024);
const licence = Buffer.from('MIT\0');
/** Programs on one group: one of ours, and perhaps one of somebody else's. */
const MOST_PROGRAMS = 64;

function bpf(command: number, attributes: Buffer, call: string): number {
  return check(c.bpf(SYS_bpf, command, attributes, attributes.length), call);
}

/** A descriptor of the loaded program; EINVAL or EACCES where the verifier refuses it. The caller closes it. */
function loadDeviceProgram(instructions: Buffer): number {
  instructions.copy(instructionSpace);
  const attributes = Buffer.alloc(ATTRIBUTES);
  attributes.writeUInt32LE(BPF_PROG_TYPE_CGROUP_DEVICE, 0);
  attributes.writeUInt32LE(instructions.length / 8, 4);
  attributes.writeBigUInt64LE(addressOf(instructionSpace), 8);
  attributes.writeBigUInt64LE(addressOf(licence), 16);
  // prog_name: what bpftool(8) lists it as.
  attributes.write('isolab_devices', 48, 'latin1');
  return bpf(BPF_PROG_LOAD, attributes, 'bpf BPF_PROG_LOAD');
}

/** Ids of the device programs on that very group, not of those above it. */
function attachedTo(groupFd: number): number[] {
  const ids = Buffer.alloc(MOST_PROGRAMS * 4);
  const attributes = Buffer.alloc(ATTRIBUTES);
  attributes.writeUInt32LE(groupFd, 0);
  attributes.writeUInt32LE(BPF_CGROUP_DEVICE, 4);
  attributes.writeBigUInt64LE(addressOf(ids), 16);
  attributes.writeUInt32LE(MOST_PROGRAMS, 24);
  bpf(BPF_PROG_QUERY, attributes, 'bpf BPF_PROG_QUERY');
  return Array.from({ length: attributes.readUInt32LE(24) }, (_, at) => ids.readUInt32LE(at * 4));
}

function openProgram(id: number): number {
  const attributes = Buffer.alloc(ATTRIBUTES);
  attributes.writeUInt32LE(id, 0);
  return bpf(BPF_PROG_GET_FD_BY_ID, attributes, 'bpf BPF_PROG_GET_FD_BY_ID');
}

/**
 * Loads the program and hangs it on the group behind the descriptor of its directory, in the place of the one that is there:
 * at every moment one of them decides. Programs of groups above and below have their say as well.
 */
export function setDeviceProgram(groupFd: number, instructions: Buffer): void {
  const [present] = attachedTo(groupFd);
  const program = loadDeviceProgram(instructions);
  let replaced: number | undefined;
  try {
    const attributes = Buffer.alloc(ATTRIBUTES);
    attributes.writeUInt32LE(groupFd, 0);
    attributes.writeUInt32LE(program, 4);
    attributes.writeUInt32LE(BPF_CGROUP_DEVICE, 8);
    if (present !== undefined) {
      replaced = openProgram(present);
      attributes.writeUInt32LE(replaced, 16);
    }
    attributes.writeUInt32LE(replaced === undefined ? BPF_F_ALLOW_MULTI : BPF_F_ALLOW_MULTI | BPF_F_REPLACE, 12);
    bpf(BPF_PROG_ATTACH, attributes, 'bpf BPF_PROG_ATTACH');
  } finally {
    close(program);
    if (replaced !== undefined) close(replaced);
  }
}
