// helper/doctor: what this machine lacks and what looks wrong on it, each with its mend. Every check looks now: between
// two calls a person may have mended something. A check that itself fails is a finding, not an error.
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Realm } from '../realm/realm';
import { whyNotMapped, whyNoUserNamespaces } from '../realm/try-user-namespaces';
import type { Coded } from '../rpc/contract/errors';
import type { Feature, Finding } from '../rpc/contract/helper';
import { findSubordinateIds } from '../sys/map-programs';
import { NETNS_DIR } from '../sys/namespaces';
import { isProcOurs } from '../sys/own-proc';
import { errnoOf } from './failures';
import { NEEDS_HOST_REALM } from './features';
import type { Handlers, House } from './house';
import { netnsAt, netnsNames } from './netns-names';
import { writableByOthers } from './own-code';

/** Without these nothing works; what else is missing is a warning. */
const INDISPENSABLE: ReadonlySet<string> = new Set([
  'namespace-mnt',
  'namespace-net',
  'pidfd-getfd',
  'veth',
  'cap-sys-admin',
  'cap-net-admin',
  'cap-sys-ptrace',
]);

export function doctorHandlers(
  house: House,
  features: readonly Feature[],
  code: readonly string[],
): Pick<Handlers, 'helper/doctor'> {
  const checks: Readonly<Record<string, () => Finding[] | Promise<Finding[]>>> = {
    features: () => features.flatMap(missingFeature),
    'user-namespaces': () => (house.realm.kind === 'user' ? ownUserNamespaces(house) : userNamespaces()),
    'subordinate-ids': () => (house.realm.kind === 'user' ? subordinate(house) : []),
    proc: procOfAnotherPidNamespace,
    'netns-directory': () => netnsDirectory(house.realm),
    'netns-stale': () => staleNames(house.realm),
    code: () => writableByOthers(code, [0, house.holder]).map(writableCode),
  };
  return {
    'helper/doctor': async () => {
      const found = await Promise.all(Object.entries(checks).map(([name, check]) => attempt(house, name, check)));
      return { findings: [...found.flat().sort(bySeverity), ...about(house)] };
    },
  };
}

async function attempt(house: House, name: string, check: () => Finding[] | Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    house.log.error(`doctor ${name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    return [warning('check-failed', { check: name, errno: errnoOf(error) ?? '?' })];
  }
}

function bySeverity(a: Finding, b: Finding): number {
  const order = ['problem', 'warning', 'ok'];
  return order.indexOf(a.severity) - order.indexOf(b.severity);
}

function problem(code: string, args: NonNullable<Coded['args']>, mend?: Coded): Finding {
  return { severity: 'problem', finding: { code, args }, ...(mend && { mend }) };
}

function warning(code: string, args: NonNullable<Coded['args']>, mend?: Coded): Finding {
  return { ...problem(code, args, mend), severity: 'warning' };
}

function about({ version, realm }: House): Finding[] {
  const runs = { code: 'helper-runs', args: { version, kernel: release(), pid: process.pid } };
  return [...(realm.kind === 'user' ? [{ code: 'without-root' }] : []), runs].map((finding) => ({
    severity: 'ok',
    finding,
  }));
}

/** What no user realm has is said once, by `about`; subordinate ids have a check of their own, which looks anew. */
function missingFeature({ name, present, reason }: Feature): Finding[] {
  if (present || reason?.code === NEEDS_HOST_REALM || name === 'subordinate-ids') return [];
  const say = INDISPENSABLE.has(name) ? problem : warning;
  return [say('feature-missing', { feature: name }, reason)];
}

/** Switches that distributions have for user namespaces (user_namespaces(7); the latter two are not upstream's). */
const SWITCHES = [
  { sysctl: 'user.max_user_namespaces', off: '0', good: '10000', code: 'user-namespaces-off' },
  { sysctl: 'kernel.unprivileged_userns_clone', off: '0', good: '1', code: 'user-namespaces-root-only' },
  { sysctl: 'kernel.apparmor_restrict_unprivileged_userns', off: '1', good: '0', code: 'user-namespaces-apparmor' },
] as const;

function userNamespaces(): Finding[] {
  return SWITCHES.flatMap(({ sysctl, off, good, code }) => {
    const value = readIfThere(`/proc/sys/${sysctl.replaceAll('.', '/')}`)?.trim();
    if (value !== off) return [];
    return [warning(code, { sysctl, value }, { code: 'set-sysctl', args: { sysctl, value: good } })];
  });
}

/** By trying: a switch that is on may still leave a user without them (user-namespaces.ts). */
async function ownUserNamespaces({ nativeDir }: House): Promise<Finding[]> {
  const cause = await whyNoUserNamespaces(nativeDir);
  return cause === undefined ? [] : [problem(cause.reason.code, cause.reason.args ?? {}, cause.mend)];
}

async function subordinate({ nativeDir }: House): Promise<Finding[]> {
  const cause = await whyNotMapped(nativeDir, findSubordinateIds());
  return cause === undefined ? [] : [warning(cause.reason.code, cause.reason.args ?? {}, cause.mend)];
}

function procOfAnotherPidNamespace(): Finding[] {
  return isProcOurs() ? [] : [problem('proc-foreign', {}, { code: 'unmount-proc' })];
}

/** ip-netns(8) makes its directory a shared mount, so that names made later are seen in every mount namespace. */
function netnsDirectory({ netns }: Realm): Finding[] {
  const mounts = readIfThere(netns.mountInfo) ?? '';
  const rows = mounts.split('\n').filter((line) => line.split(' ', 5)[4] === NETNS_DIR);
  const topmost = rows.at(-1);
  // Not made yet: the first network namespace will make it.
  if (topmost === undefined) return [];
  if (topmost.includes(' shared:')) return [];
  return [warning('netns-directory-private', { path: NETNS_DIR }, { code: 'share-netns-directory' })];
}

/** Files in /run/netns that pin nothing: left by a crash, or by a reboot where /run is on disk. */
function staleNames(realm: Realm): Finding[] {
  const stale = netnsNames(realm).filter((name) => netnsAt(realm, name) === 'stale');
  if (stale.length === 0) return [];
  const [first = ''] = stale;
  return [
    warning('netns-stale', { count: stale.length, name: first }, { code: 'delete-stale', args: { name: first } }),
  ];
}

function writableCode(path: string): Finding {
  return problem('code-writable', { path }, { code: 'install-elsewhere', args: { path } });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
