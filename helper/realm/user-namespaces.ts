// Why an ordinary user cannot make user namespaces here, told apart by what a try said and what the system shows of itself.
// Pure: evidence in, code out. The try is try-user-namespaces.ts.
import type { Coded } from '../rpc/contract/errors';
import type { Reason } from '../sys/subordinate-ids';

/** What went wrong when a user and a mnt namespace were made, mapped, and a file system mounted in them. */
export interface Trouble {
  /** Of the launcher: `clone`, `uid-map`, `propagation`; `mount` for the mount itself. */
  readonly step: string;
  /** Symbolic; absent where a program only said that it failed. */
  readonly errno?: string;
}

export interface Evidence {
  readonly trouble: Trouble;
  /** /proc/self/ns/user is there. */
  readonly kernelHas: boolean;
  /** Values of sysctls by name, of those that this kernel has. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** A filter of system calls is on this process (Seccomp: 2 in /proc/self/status). */
  readonly filtered: boolean;
  /** This process lives in a user namespace below the initial one. */
  readonly nested: boolean;
  /** Its root directory is no mount point: chroot(2). */
  readonly chrooted: boolean;
}

/** Limits that a try runs into (namespaces(7)); each may be zero, or reached. */
const LIMITS = ['user.max_user_namespaces', 'user.max_mnt_namespaces', 'user.max_net_namespaces'];
const CLONE_RESTRICTED = 'kernel.unprivileged_userns_clone';
const APPARMOR_RESTRICTS = 'kernel.apparmor_restrict_unprivileged_userns';
/** What a distribution's kernel has; the number of its default does not matter to anybody. */
const PLENTY = 15_000;

export const SYSCTLS: readonly string[] = [...LIMITS, CLONE_RESTRICTED, APPARMOR_RESTRICTS];

/** The cause, with its mend where one is known; undefined for a step that failed for a reason of its own, such as a missing file. */
export function causeOf(evidence: Evidence): Reason | undefined {
  const { trouble, kernelHas, filtered, chrooted } = evidence;
  if (!kernelHas) {
    return cause('user-namespaces-kernel', {}, 'needs-kernel-option', { option: 'CONFIG_USER_NS' });
  }
  const errno = trouble.errno ?? '';
  // mount(8) says that it failed, not why.
  const denied = ['EPERM', 'EACCES'].includes(errno) || (errno === '' && trouble.step === 'mount');
  const made = trouble.step !== 'clone';
  if (errno === 'ENOSPC' || errno === 'EUSERS') return limit(evidence);
  if (denied && evidence.sysctls[CLONE_RESTRICTED] === '0') {
    const args = { sysctl: CLONE_RESTRICTED, value: '0' };
    return cause('user-namespaces-root-only', args, 'set-sysctl', { ...args, value: '1' });
  }
  // AppArmor lets the namespace be made and takes its rights away; a filter refuses the call itself.
  const restricted = denied && evidence.sysctls[APPARMOR_RESTRICTS] === '1';
  if (restricted && (made || !filtered)) {
    const args = { sysctl: APPARMOR_RESTRICTS, value: '1' };
    return cause('user-namespaces-apparmor', args, 'set-sysctl', { ...args, value: '0' });
  }
  // clone3(2) is older than any kernel that we start on: unknown it can only be to a filter.
  if (!made && ((filtered && denied) || errno === 'ENOSYS')) {
    return cause('user-namespaces-seccomp', { errno }, 'loosen-container');
  }
  if (!made && denied && chrooted) return cause('user-namespaces-chroot', {}, 'leave-chroot');
  const args = { step: trouble.step, errno: errno || 'EPERM' };
  if (!made) return cause('user-namespaces-refused', args);
  return denied ? cause('user-namespaces-hollow', args, 'loosen-container') : undefined;
}

/** Zero is a switch, any other number a limit; where ours are neither, it is that of a user namespace around us. */
function limit({ sysctls, nested }: Evidence): Reason {
  const zero = LIMITS.find((sysctl) => sysctls[sysctl] === '0');
  if (zero !== undefined) {
    const args = { sysctl: zero, value: '0' };
    // Inside a user namespace only its own root may write the limit, and below an outer one it helps nobody.
    return cause('user-namespaces-off', args, 'set-sysctl', { ...args, value: PLENTY });
  }
  if (nested) return cause('user-namespaces-outer-limit', {}, 'loosen-container');
  const [sysctl = ''] = LIMITS;
  const value = Number(sysctls[sysctl] ?? 0);
  const args = { sysctl, value };
  return cause('user-namespaces-limit', args, 'end-namespaces', { sysctl, value: Math.max(PLENTY, value * 2) });
}

function cause(code: string, args: NonNullable<Coded['args']>, mend?: string, mendArgs?: Coded['args']): Reason {
  const reason = { code, args };
  if (mend === undefined) return { reason };
  return { reason, mend: mendArgs === undefined ? { code: mend } : { code: mend, args: mendArgs } };
}
