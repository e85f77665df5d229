// Runs a filter as the kernel would, over one struct seccomp_data: so a test knows what a call gets, and how many
// instructions it takes.

interface Call {
  readonly architecture: number;
  readonly number: number;
  readonly arguments?: readonly bigint[];
}
export interface Verdict {
  readonly action: 'allow' | 'kill' | `errno ${number}`;
  readonly steps: number;
}

export function runFilter(program: Buffer, call: Call): Verdict {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.architecture, 4);
  (call.arguments ?? []).forEach((value, index) => {
    data.writeBigUInt64LE(BigInt.asUintN(64, value), 16 + 8 * index);
  });
  let word = 0;
  let at = 0;
  for (let steps = 1; steps <= program.length / 8; steps++) {
    const code = program.readUInt16LE(at * 8);
    const jumps: [number, number] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
    const k = program.readUInt32LE(at * 8 + 4);
    at++;
    if (code === 0x20) word = data.readUInt32LE(k);
    else if (code === 0x54) word = (word & k) >>> 0;
    else if (code === 0x05) at += k;
    else if (code === 0x15) at += word === k ? jumps[0] : jumps[1];
    else if (code === 0x35) at += word >= k ? jumps[0] : jumps[1];
    else if (code === 0x06) return { action: actionOf(k), steps };
    else throw new Error(`unknown instruction 0x${code.toString(16)}`);
  }
  throw new Error('the program has no end');
}

function actionOf(value: number): Verdict['action'] {
  if (value === 0x7fff_0000) return 'allow';
  if (value === 0x8000_0000) return 'kill';
  if (value >>> 16 === 5) return `errno ${value & 0xffff}`;
  throw new Error(`unknown action 0x${value.toString(16)}`);
}
