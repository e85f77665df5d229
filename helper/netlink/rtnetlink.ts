// Numbers that several objects of rtnetlink(7) share: message types by name, address families.

export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWNSID: 88,
  DELNSID: 89,
  GETNSID: 90,
} as const;

const NAMES = new Map<number, string>(Object.entries(RTM).map(([name, type]) => [type, `RTM_${name}`]));

/** `RTM_NEWLINK`, for error texts. */
export function messageName(type: number): string {
  return NAMES.get(type) ?? `netlink message ${type}`;
}

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** As ip(8) and the contract name them. */
export type Family = 'inet' | 'inet6';
