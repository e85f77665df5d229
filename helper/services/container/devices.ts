// Which devices a container's programs may use: those of every container, and those that it was given.
import type { DeviceRule } from '../../rpc/contract/limits';
import { DEVICE_RULES } from './masks';
import type { ContainerRecord } from './record';

export function deviceRules({ devices, limits }: Pick<ContainerRecord, 'devices' | 'limits'>): 'all' | DeviceRule[] {
  if (limits.devices === 'all') return 'all';
  return [
    ...DEVICE_RULES.map(
      ({ type, major, minor, access }): DeviceRule => ({
        ...{ type, access },
        ...{ major: major ?? 'any', minor: minor ?? 'any' },
      }),
    ),
    ...devices.map(({ kind, major, minor, access }): DeviceRule => ({ type: kind, major, minor, access })),
    ...(limits.devices ?? []),
  ];
}
