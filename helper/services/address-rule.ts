// What the kernel means when it refuses an address, by address/add and link/create alike.
import { errnoOf } from './failures';

/** Rule, and kind where errno suggests the wrong one. `address` undefined: the refused step was about something else. */
export function addressRule(error: unknown, address: string | undefined) {
  if (address === undefined) return {};
  const code = errnoOf(error);
  if (code === 'EEXIST') return { rule: { code: 'address-exists', args: { address } } };
  if (code === 'EADDRNOTAVAIL' || code === 'EINVAL') {
    return { kind: 'invalid' as const, rule: { code: 'address-unusable', args: { address } } };
  }
  // net.ipv6.conf.*.disable_ipv6 (ip-sysctl of the kernel's documentation).
  if (code === 'EACCES') return { kind: 'conflict' as const, rule: { code: 'ipv6-disabled' } };
  return {};
}
