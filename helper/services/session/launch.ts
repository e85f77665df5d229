// From a settled plan to what the launcher is told, and from what the launcher reports to a Failure. Pure.
import { basename } from 'node:path';
import type { Failure } from '../../rpc/contract/errors';
import type { SessionPlan } from '../../rpc/contract/session';
import type { Kind } from '../../rpc/contract/terms';
import { SysError } from '../../sys/errors';
import { LaunchError } from '../../sys/launch';
import type { LaunchPlan } from '../../sys/launch-plan';
import { insideId, type Mount } from '../../sys/proc';
import { asFailure, broken, type Context } from '../failures';
import type { Surroundings } from './caller';
import type { SettledPlan, Who } from './plan';

export interface Circumstances {
  readonly caller: Who;
  readonly surroundings: Surroundings;
  readonly command: readonly string[];
  /** Kinds to enter, those that the helper is in already left out. */
  readonly join: readonly Kind[];
  /** The caller's ids inside a joined user namespace; needed for `me`. */
  readonly inside?: { readonly uid: number; readonly gid: number };
  /** In a user realm: the maps in ids of the base, where there is one, and what else must write them. */
  readonly realm?: {
    readonly based: boolean;
    readonly maps?: SettledPlan['maps'];
    readonly programs?: LaunchPlan['mapPrograms'];
  };
  /** Files of /etc/netns/NAME. */
  readonly binds: readonly { readonly source: string; readonly target: string }[];
}

export function launchPlan(plan: SettledPlan, around: Circumstances): LaunchPlan {
  const { surroundings } = around;
  const { hostname, domainname, monotonic, boottime, cwd } = plan.asked;
  const maps = around.realm === undefined ? plan.maps : around.realm.maps;
  return {
    ...(around.realm?.based ? { base: true } : {}),
    ...(around.realm?.programs === undefined ? {} : { mapPrograms: around.realm.programs }),
    create: plan.create,
    join: around.join,
    ...(around.realm === undefined ? identity(plan, around) : mappedIdentity(plan, around)),
    ...(maps === undefined ? {} : { uidMap: maps.uid, gidMap: maps.gid }),
    ...(maps?.denySetgroups ? { denySetgroups: true } : {}),
    ...(plan.propagation === undefined ? {} : { propagation: plan.propagation }),
    ...(plan.freshProc ? { freshProc: true } : {}),
    ...(plan.netnsFiles ? { freshSys: true, binds: around.binds } : {}),
    ...(hostname === undefined ? {} : { hostname }),
    ...(domainname === undefined ? {} : { domainname }),
    ...(monotonic === undefined ? {} : { monotonic }),
    ...(boottime === undefined ? {} : { boottime }),
    ...(plan.root ? { root: true } : {}),
    ...attached(plan),
    umask: surroundings.umask,
    limits: surroundings.limits,
    cwd: cwd ?? surroundings.cwd,
    ...(cwd === undefined ? {} : { cwdRequired: true }),
    ...addition(plan.asked.shell, around.command),
    command: around.command,
    environment: surroundings.environment,
  };
}

/** Disks come as detached mounts, in their order; they are laid over what is there. */
function attached({ asked: { disks = [] } }: SettledPlan): Pick<LaunchPlan, 'operations' | 'mounts'> {
  if (disks.length === 0) return {};
  const over = disks.map(
    ({ target }, mount) => ({ do: 'attach', mount, target, as: 'directory', exists: true }) as const,
  );
  return { operations: over, mounts: disks.length };
}

/** For a shell of that name, and nothing but the shell. */
function addition(shell: SessionPlan['shell'], command: readonly string[]): Pick<LaunchPlan, 'addition'> {
  const [program = '', ...rest] = command;
  if (shell === undefined || rest.length > 0 || basename(program) !== shell.name) return {};
  return { addition: { file: shell.file, arguments: shell.arguments, environment: shell.environment } };
}

/**
 * Who makes the user namespace and who the program is. Supplementary groups are the owner's wherever a user namespace
 * is made or entered: inside it setgroups(2) may be forbidden for good.
 */
function identity(plan: SettledPlan, around: Circumstances): Pick<LaunchPlan, 'owner' | 'user'> {
  const { caller, inside } = around;
  const me = { uid: caller.uid, gid: caller.gid, groups: caller.groups };
  const root = caller.uid === 0 ? me : { uid: 0, gid: 0, groups: [0] };
  if (plan.maps !== undefined) {
    const owner = plan.as === 'root' ? { ...root, uid: 0 } : me;
    return { owner, user: plan.as === 'me' ? myself(plan.maps, caller) : { uid: 0, gid: 0 } };
  }
  if (around.join.includes('user')) {
    // Root may enter any; who it then is, is a matter of that namespace's maps.
    return {
      owner: { uid: 0, gid: 0, groups: plan.as === 'me' ? caller.groups : [] },
      user: plan.as === 'me' && inside !== undefined ? inside : { uid: 0, gid: 0 },
    };
  }
  return { user: plan.as === 'me' ? me : root };
}

/**
 * In a user realm: nobody becomes the owner, for the launcher is; and nobody has groups to choose. Supplementary groups stay
 * those of the person.
 */
function mappedIdentity(plan: SettledPlan, { caller, inside, join, realm }: Circumstances): Pick<LaunchPlan, 'user'> {
  const root = { uid: 0, gid: 0 };
  if (plan.maps !== undefined) return { user: plan.as === 'me' ? myself(plan.maps, caller) : root };
  if (join.includes('user')) return { user: plan.as === 'me' && inside !== undefined ? inside : root };
  return realm?.based ? { user: root } : {};
}

function myself(maps: NonNullable<SettledPlan['maps']>, caller: Who): { uid: number; gid: number } {
  // The plan was refused where the maps lack the caller.
  return { uid: insideId(maps.uid, caller.uid) ?? caller.uid, gid: insideId(maps.gid, caller.gid) ?? caller.gid };
}

/**
 * A step that failed, with what makes it understood: the program or interpreter that is missing, the mount's trouble.
 * `mounts`: what is mounted where the session began.
 */
export function launchFailure(
  error: unknown,
  command: readonly string[],
  mounts: () => readonly Mount[] = () => [],
): Failure {
  if (!(error instanceof LaunchError)) return asFailure(error, { step: 'launcher' });
  // It said nothing, not even which step failed.
  if (error.step === 'launcher' && error.errno === 0) {
    return broken('internal', 'launcher-killed', undefined, { step: 'launcher', hint: { code: 'try-again' } });
  }
  const context: Context = {
    step: error.step,
    ...(error.hint === undefined ? {} : { hint: { code: error.hint, args: { path: error.path ?? '' } } }),
    ...hiddenPart(error, mounts),
    ...(error.said === undefined ? {} : refusedMap(error.said)),
    ...programRule(error, command),
  };
  return asFailure(error.errno === 0 ? error : new SysError(error.step, error.errno), context);
}

function refusedMap(said: string): Context {
  return { kind: 'denied', rule: { code: 'map-program-refused', args: { said } } };
}

/** Where the kernel itself lets others be mounted: there is never anything below these that could be hidden. */
const ALWAYS_EMPTY =
  /^\/(proc\/sys\/fs\/binfmt_misc|sys\/fs\/|sys\/kernel\/(config|debug|security|tracing)|sys\/firmware\/efi)/;

/** A mapped root gets a new /proc or /sys only where one is seen that nothing hides a part of, as in many containers. */
function hiddenPart({ step, code, path = '' }: LaunchError, mounts: () => readonly Mount[]): Context {
  if (code !== 'EPERM' || !['mount-proc', 'mount-sys'].includes(step)) return {};
  const hides = mounts().find(({ mountPoint: at }) => at.startsWith(`${path}/`) && !ALWAYS_EMPTY.test(at));
  return hides === undefined ? {} : { rule: { code: 'mount-covered', args: { path, at: hides.mountPoint } } };
}

function programRule(error: LaunchError, command: readonly string[]): Context {
  const program = error.path ?? command[0] ?? '';
  if (error.step === 'operation-attach') return { field: 'disks', ...unmountable(error.code, program) };
  if (error.step === 'cwd') return { field: 'cwd', rule: { code: 'cwd-unusable', args: { path: program } } };
  if (error.step === 'exec-interpreter') {
    return {
      kind: 'missing-program',
      rule: { code: 'interpreter-missing', args: { program: command[0] ?? '', interpreter: program } },
    };
  }
  if (error.step !== 'exec') return {};
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    return { kind: 'missing-program', field: 'command.0', rule: { code: 'program-not-found', args: { program } } };
  }
  return { field: 'command.0', rule: { code: 'program-not-executable', args: { program } } };
}

function unmountable(code: string | undefined, path: string): Context {
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? { kind: 'not-found', rule: { code: 'disk-target-missing', args: { path } } }
    : {};
}
