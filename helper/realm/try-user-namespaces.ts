// Tries what a user realm is made of: a user and a mnt namespace, a map, a mount. Beside the answer it takes down what tells
// the causes of a refusal apart (user-namespaces.ts).
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { LaunchError, type Launched, launch } from '../sys/launch';
import type { LaunchPlan } from '../sys/launch-plan';
import { parseMountInfo } from '../sys/proc';
import type { Reason, SubordinateIds } from '../sys/subordinate-ids';
import { causeOf, type Evidence, SYSCTLS, type Trouble } from './user-namespaces';

/** Inside, the file that is being run. */
const LAUNCHER = '/proc/self/exe';
/** mount(8), where it stands on any system that has one. */
const MOUNT = ['/usr/bin/mount', '/bin/mount'].find((path) => existsSync(path));

/** Why this user cannot have a user realm here; undefined where he can. `nativeDir`: where isolab-launch lies. */
export async function whyNoUserNamespaces(nativeDir: string): Promise<Reason | undefined> {
  const trouble = await troubleOf(nativeDir, {
    create: ['user', 'mnt'],
    uidMap: [{ inside: 0, outside: process.getuid?.() ?? 0, count: 1 }],
    gidMap: [{ inside: 0, outside: process.getgid?.() ?? 0, count: 1 }],
    denySetgroups: true,
    // Where there is no mount(8), setting the propagation has asked the kernel for nearly the same right.
    propagation: 'slave',
    ...(MOUNT !== undefined && { command: [MOUNT, '-n', '-t', 'tmpfs', 'tmpfs', '/proc'] }),
  });
  return trouble && causeOfTrouble(trouble);
}

/** Why newuidmap(1) or newgidmap(1) does not map these ids; undefined where they do. */
export async function whyNotMapped(nativeDir: string, ids: SubordinateIds): Promise<Reason | undefined> {
  const { uidMap, gidMap, programs, missing } = ids;
  if (programs === undefined) return missing;
  const trouble = await troubleOf(nativeDir, { create: ['user'], uidMap, gidMap, mapPrograms: programs });
  if (trouble === undefined) return undefined;
  const { step, said } = trouble;
  return said === undefined
    ? causeOfTrouble(trouble)
    : { reason: { code: 'map-program-refused', args: { step, said } } };
}

/** What the system says about a refusal that has just happened; undefined where user namespaces are not to blame. */
export function causeOfTrouble(trouble: Trouble): Reason | undefined {
  return causeOf(evidence(trouble));
}

async function troubleOf(
  nativeDir: string,
  plan: Partial<LaunchPlan>,
): Promise<(Trouble & { said?: string }) | undefined> {
  const nothing = openSync('/dev/null', 'r+');
  let launched: Launched;
  try {
    // Where nothing else is to be run, the launcher itself will do, which ends at once without a plan.
    const whole = { environment: ['LC_ALL=C'], command: [LAUNCHER], ...plan };
    launched = await launch(nativeDir, whole, { stdio: [nothing, nothing, nothing] });
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    const { step, code, said } = error;
    return { step, ...(code !== undefined && { errno: code }), ...(said !== undefined && { said }) };
  } finally {
    closeSync(nothing);
  }
  const status = await launched.ended;
  return status === 0 || plan.command === undefined ? undefined : { step: 'mount' };
}

function evidence(trouble: Trouble): Evidence {
  const sysctls = SYSCTLS.flatMap((name) => {
    const value = textOf(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim();
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    trouble,
    kernelHas: existsSync('/proc/self/ns/user'),
    sysctls: Object.fromEntries(sysctls),
    filtered: /^Seccomp:\t2$/m.test(textOf('/proc/self/status') ?? ''),
    nested: !/^\s*0\s+0\s+4294967295\s*$/.test(textOf('/proc/self/uid_map') ?? ''),
    chrooted: !parseMountInfo(textOf('/proc/self/mountinfo') ?? '').some(({ mountPoint }) => mountPoint === '/'),
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // This kernel has no such switch, or hides it.
    return undefined;
  }
}
