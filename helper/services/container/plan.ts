// What a plan means, with the image it is made from: the rules between its fields, and its defaults, settled before
// anything is touched. Pure: plan and image in, settled plan or Failure out.
import type { ContainerPlan, RestartPolicy } from '../../rpc/contract/container-plan';
import type { ImageConfig } from '../../rpc/contract/image';
import type { Limits } from '../../rpc/contract/limits';
import { broken } from '../failures';
import { settleHealth } from './health-policy';
import type { ContainerRecord, SettledDevice, SettledMount, SettledNetwork, SharedWith } from './record';
import { signalNumber } from './signals';

/** What is used of an image's configuration (the `config` of an OCI image). */
export interface ImageDefaults {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly stopSignal?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly healthcheck?: ImageConfig['healthcheck'];
}

/** What was looked up for the plan: descriptors and references, in the order of the plan. */
export interface Found {
  readonly id: string;
  readonly name: string;
  readonly uid: number;
  readonly now: number;
  readonly image: { readonly id: string; readonly name: string; readonly config: ImageDefaults };
  readonly mounts: readonly SettledMount[];
  readonly devices: readonly SettledDevice[];
  readonly network: SettledNetwork;
  readonly pid: SharedWith;
  readonly ipc: SharedWith;
}

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const STOP_TIMEOUT = 10;

/** Throws Failure `invalid` with field and rule. */
export function settleContainer(plan: ContainerPlan, found: Found): Omit<ContainerRecord, 'version'> {
  const { config } = found.image;
  const command = commandOf(plan, config);
  if (plan.uts === 'host') {
    if (plan.hostname !== undefined) throw broken('invalid', 'host-name-of-host', undefined, { field: 'hostname' });
    if (plan.domainname !== undefined) throw broken('invalid', 'host-name-of-host', undefined, { field: 'domainname' });
  }
  checkTargets(plan);
  if (plan.userns === 'own') checkUserns(plan, found);
  const stopSignal = stopSignalOf(plan, config);
  const health = settleHealth(plan.health, config.healthcheck);
  const hostname = plan.hostname ?? found.id.slice(0, 12);
  return {
    id: found.id,
    name: found.name,
    uid: found.uid,
    createdAt: found.now,
    image: { id: found.image.id, name: found.image.name },
    command,
    env: environmentOf(plan, config, hostname),
    workdir: plan.workdir ?? (config.workingDir || '/'),
    user: plan.user ?? config.user ?? '',
    hostname,
    ...(plan.domainname !== undefined && { domainname: plan.domainname }),
    tty: plan.tty === true,
    interactive: plan.interactive === true,
    network: found.network,
    pid: found.pid,
    ipc: found.ipc,
    uts: plan.uts ?? 'own',
    cgroupns: plan.cgroupns ?? 'own',
    readonly: plan.readonly === true,
    mounts: [...found.mounts],
    devices: [...found.devices],
    capAdd: plan.capAdd ?? [],
    capDrop: plan.capDrop ?? [],
    newPrivileges: plan.newPrivileges === true,
    seccomp: plan.seccomp ?? 'default',
    init: plan.init === true,
    stopSignal,
    stopTimeout: plan.stopTimeout ?? STOP_TIMEOUT,
    ...(plan.oomScoreAdj !== undefined && { oomScoreAdj: plan.oomScoreAdj }),
    labels: { ...config.labels, ...plan.labels },
    autoRemove: plan.autoRemove === true,
    ...restartOf(plan),
    ...(health !== undefined && { health }),
    limits: plan.limits ?? ({} satisfies Limits),
  };
}

/** As Docker: an entrypoint of one's own makes the image's command fall away. */
function commandOf(plan: ContainerPlan, config: ImageDefaults): string[] {
  const entrypoint = plan.entrypoint ?? config.entrypoint ?? [];
  const words = plan.command ?? (plan.entrypoint === undefined ? (config.cmd ?? []) : []);
  const command = [...entrypoint, ...words];
  if (command.length === 0) throw broken('invalid', 'image-without-command', undefined, { field: 'command' });
  if (command[0] === '') throw broken('invalid', 'command-empty', undefined, { field: 'command.0' });
  return command;
}

function restartOf({
  restart,
  autoRemove,
}: Pick<ContainerPlan, 'restart' | 'autoRemove'>): Pick<ContainerRecord, 'restart'> {
  if (restart === undefined) return {};
  checkRestart(restart);
  if (restart.policy === 'no') return {};
  if (autoRemove) throw broken('invalid', 'restart-auto-remove', undefined, { field: 'restart' });
  return { restart };
}

/** The record with another policy; as it was where none is given. */
export function restartedAs(record: ContainerRecord, restart: RestartPolicy | undefined): ContainerRecord {
  if (restart === undefined) return record;
  const { restart: _before, ...rest } = record;
  return { ...rest, ...restartOf({ restart, autoRemove: record.autoRemove }) };
}

/** Failure `invalid` where a number is given to a policy that counts nothing. */
function checkRestart({ policy, retries }: RestartPolicy): void {
  if (retries !== undefined && policy !== 'on-failure') {
    throw broken('invalid', 'restart-retries', undefined, { field: 'restart.retries' });
  }
}

/** Of one name the last counts; an image is not relied on to have a PATH. */
function environmentOf(plan: ContainerPlan, config: ImageDefaults, hostname: string): string[] {
  const variables = new Map<string, string>();
  const base = [DEFAULT_PATH, `HOSTNAME=${hostname}`, ...(plan.tty ? ['TERM=xterm'] : [])];
  for (const variable of [...base, ...(config.env ?? []), ...(plan.env ?? [])]) {
    variables.set(variable.slice(0, variable.indexOf('=')), variable);
  }
  return [...variables.values()];
}

/** What an image says is foreign text: a signal that is none is passed over there, and refused in the plan. */
function stopSignalOf(plan: ContainerPlan, config: ImageDefaults): number {
  if (plan.stopSignal === undefined) return signalNumber(config.stopSignal ?? 'SIGTERM') ?? 15;
  const number = signalNumber(plan.stopSignal);
  if (number === undefined) throw broken('invalid', 'signal', undefined, { field: 'stopSignal' });
  return number;
}

/** The kernel mounts /proc, /sys and the control groups only where pid, net and cgroup namespace belong to that user namespace. */
function checkUserns({ cgroupns, devices = [] }: ContainerPlan, { network, pid }: Found): void {
  const refuse = (field: string, kind: string) => {
    throw broken('invalid', 'userns-with-foreign', { kind }, { field });
  };
  if (network !== 'own' && network !== 'none') refuse('network', 'net');
  if (pid !== 'own') refuse('pid', 'pid');
  if (cgroupns === 'host') refuse('cgroupns', 'cgroup');
  devices.forEach(({ target }, at) => {
    const field = `devices.${at}.target`;
    if (!normal(target).startsWith('/dev/')) throw broken('invalid', 'userns-device', { path: target }, { field });
  });
}

function checkTargets({ mounts = [], devices = [] }: ContainerPlan): void {
  const targets = new Set<string>();
  const check = (target: string, field: string) => {
    const path = normal(target);
    if (targets.has(path)) throw broken('invalid', 'mount-target-twice', { path }, { field });
    targets.add(path);
  };
  mounts.forEach(({ target }, at) => {
    check(target, `mounts.${at}.target`);
  });
  devices.forEach(({ target }, at) => {
    check(target, `devices.${at}.target`);
  });
}

function normal(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}
