// What a container's programs may do at most: capabilities, the filter of system calls, no new privileges. A filter takes
// longer to make than a namespace, and most containers have the same one: each is made once.
import { readFileSync } from 'node:fs';
import type { CapabilitySets, LaunchPlan } from '../../sys/launch-plan';
import { broken } from '../failures';
import { settleCapabilities } from './capabilities';
import type { ContainerRecord } from './record';
import { isMachine, seccompProgram } from './seccomp';

type Wish = Pick<ContainerRecord, 'capAdd' | 'capDrop' | 'newPrivileges' | 'seccomp'>;
type Confined = Pick<LaunchPlan, 'noNewPrivileges' | 'seccomp'> & { readonly capabilities: CapabilitySets };

/** Kept at most; who changes capabilities with each container makes each anew. */
const MOST = 32;

export class Confinements {
  readonly #programs = new Map<bigint, Buffer>();
  #last: number | undefined;

  /** Failure `invalid` with the field for a capability that is none. */
  of({ capAdd, capDrop, newPrivileges, seccomp }: Wish): Confined {
    this.#last ??= Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'latin1'));
    const capabilities = settleCapabilities({ add: capAdd, drop: capDrop }, this.#last);
    return {
      capabilities,
      ...(!newPrivileges && { noNewPrivileges: true }),
      ...(seccomp === 'default' && { seccomp: this.#program(capabilities.bounding) }),
    };
  }

  #program(bounding: bigint): Buffer {
    const known = this.#programs.get(bounding);
    if (known !== undefined) return known;
    const { arch } = process;
    if (!isMachine(arch)) throw broken('unsupported-kernel', 'seccomp-machine', { arch });
    const program = seccompProgram(bounding, arch);
    if (this.#programs.size >= MOST) this.#programs.clear();
    this.#programs.set(bounding, program);
    return program;
  }
}
