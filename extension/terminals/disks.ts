// Disks of shells: whether a shell can have one. Pure.
import type { Feature } from '../../helper/rpc/contract/helper';
import { coded, type Translate } from '../../helper/rpc/contract/sentences';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { Plan } from './sessions';

export type Disk = NonNullable<Plan['disks']>[number];

/** The reason why there can be none; undefined where there can. */
export function noDisk(features: readonly Feature[], kinds: readonly Kind[], t: Translate): string | undefined {
  const missing = features.find(({ name }) => name === 'disk-images');
  if (missing?.reason !== undefined) return coded(missing.reason, t);
  return kinds.includes('mnt') ? undefined : coded({ code: 'disk-needs-mnt' }, t);
}
