// What is typed is checked with the contract's own rules, worded by its own sentences. The schemas are loaded with the
// first wizard, not at activation: they are the slowest thing to load.
import { diskOf } from '../../helper/rpc/contract/disk-text';
import { coded, type Translate } from '../../helper/rpc/contract/sentences';

/** The sentence that says what is wrong, or undefined. */
export type Check = (text: string) => string | undefined;

export interface Rules {
  readonly netnsName: Check;
  readonly linkName: Check;
  readonly cidr: Check;
  readonly address: Check;
  readonly destination: Check;
  readonly mtu: Check;
  readonly containerName: Check;
  readonly imageName: Check;
  readonly userName: Check;
  readonly hostName: Check;
  readonly mountTarget: Check;
  readonly limits: Limits;
  /** SIZE:DIR */
  readonly disk: Check;
  readonly containerDisk: Check;
}

/** Memory and swap in bytes. */
type Limits = Record<'memory' | 'swap' | 'cpus' | 'cpuShares' | 'cpusetCpus' | 'pids' | 'blkioWeight', Check>;

interface Schema {
  safeParse(value: unknown): { success: boolean; error?: { issues: readonly { message: string }[] } };
}

export async function loadRules(t: Translate): Promise<Rules> {
  const schemas = await import('./schemas');
  const by =
    (schema: Schema, read: (text: string) => unknown = (text) => text): Check =>
    (text) => {
      const code = schema.safeParse(read(text)).error?.issues[0]?.message;
      return code === undefined ? undefined : coded({ code }, t);
    };
  return {
    netnsName: by(schemas.NewName),
    linkName: by(schemas.NewLinkName),
    cidr: by(schemas.Cidr),
    address: by(schemas.Address),
    destination: by(schemas.Destination),
    mtu: by(schemas.linkSet.params.shape.mtu, whole),
    containerName: by(schemas.NewName),
    imageName: by(schemas.ImageName),
    userName: by(schemas.UserName),
    hostName: by(schemas.HostName),
    mountTarget: by(schemas.ContainerPlan.shape.mounts, (target) => [{ type: 'tmpfs', target }]),
    limits: {
      memory: by(schemas.Limits.shape.memory, whole),
      swap: by(schemas.Limits.shape.swap, whole),
      cpus: by(schemas.Limits.shape.cpus, (text) => (/^\d{1,6}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN)),
      cpuShares: by(schemas.Limits.shape.cpuShares, whole),
      cpusetCpus: by(schemas.Limits.shape.cpusetCpus),
      pids: by(schemas.Limits.shape.pids, whole),
      blkioWeight: by(schemas.Limits.shape.blkioWeight, whole),
    },
    disk: disk(by(schemas.SessionDisk, diskOf), t),
    containerDisk: disk(
      by(schemas.ContainerPlan.shape.mounts, (text) => [{ type: 'disk', ...diskOf(text) }]),
      t,
    ),
  };
}

function disk(rule: Check, t: Translate): Check {
  return (text) => (diskOf(text) === undefined ? t('Write SIZE:DIR, such as 256M:/mnt.') : rule(text));
}

function whole(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

/** Nothing at all is fine, too. */
export function optional(check: Check): Check {
  return (text) => (text === '' ? undefined : check(text));
}

/** The first rule that finds something wrong speaks. */
export function all(...checks: readonly Check[]): Check {
  return (text) => {
    for (const check of checks) {
      const wrong = check(text);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

export function notIn(taken: ReadonlySet<string>, wrong: (text: string) => string): Check {
  return (text) => (taken.has(text) ? wrong(text) : undefined);
}
