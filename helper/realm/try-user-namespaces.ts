// Tries what a user realm is made of: a user and a mnt namespace, a map, a mount. Beside the answer it takes down what tells
// the causes of a refusal apart (user-namespaces.ts).
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { LaunchError, launch } from '../sys/launch';
import { parseMountInfo } from '../sys/proc';
import { type Cause, causeOf, type Evidence, SYSCTLS, type Trouble } from './user-namespaces';

/** mount(8), where it stands on any system that has one. */
const MOUNT = ['/usr/bin/mount', '/bin/mount'].find((path) => existsSync(path));

/** Why this user cannot have a user realm here; undefined where he can. `nativeDir`: where isolab-launch lies. */
export async function whyNoUserNamespaces(nativeDir: string): Promise<Cause | undefined> {
  const trouble = await attempt(nativeDir);
  return trouble && causeOf(evidence(trouble));
}

async function attempt(nativeDir: string): Promise<Trouble | undefined> {
  const nothing = openSync('/dev/null', 'r+');
  try {
    const { ended } = await launch(
      nativeDir,
      {
        create: ['user', 'mnt'],
        uidMap: [{ inside: 0, outside: process.getuid?.() ?? 0, count: 1 }],
        gidMap: [{ inside: 0, outside: process.getgid?.() ?? 0, count: 1 }],
        denySetgroups: true,
        // Where there is no mount(8), setting the propagation has asked the kernel for nearly the same right.
        propagation: 'slave',
        command: MOUNT === undefined ? ['/proc/self/exe'] : [MOUNT, '-n', '-t', 'tmpfs', 'tmpfs', '/proc'],
        environment: ['LC_ALL=C'],
      },
      { stdio: [nothing, nothing, nothing] },
    );
    const status = await ended;
    return status === 0 || MOUNT === undefined ? undefined : { step: 'mount' };
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    return { step: error.step, ...(error.code !== undefined && { errno: error.code }) };
  } finally {
    closeSync(nothing);
  }
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
