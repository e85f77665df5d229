// The words of the contract: kinds, ids, names and references that several nouns share, with the rules they obey.
// The `message` of each rule is a code; sentences.ts turns codes into sentences.
import { z } from 'zod';
import { KINDS } from './kinds';

export { KINDS };

export const Kind = z.enum(KINDS, 'namespace-kind');
export type Kind = z.infer<typeof Kind>;

/** Inode of a namespace as in /proc/PID/ns, decimal. Reused by the kernel at once: never an identity by itself. */
export const NamespaceId = z
  .string()
  .regex(/^[1-9][0-9]{0,19}$/, 'namespace-id')
  .brand<'NamespaceId'>();
export type NamespaceId = z.infer<typeof NamespaceId>;

/** Identity the kernel never reuses (NS_GET_ID, Linux 6.18), decimal. */
export const NamespaceUid = z
  .string()
  .regex(/^[0-9]{1,20}$/, 'namespace-uid')
  .brand<'NamespaceUid'>();
export type NamespaceUid = z.infer<typeof NamespaceUid>;

export const NamespaceRef = z.strictObject({ kind: Kind, id: NamespaceId, uid: NamespaceUid.optional() });
export type NamespaceRef = z.infer<typeof NamespaceRef>;

/** Name of an interface that we create. */
export const NewLinkName = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,14}$/, 'interface-name');
/** Name of a network namespace, or of anything else, that we create. */
export const NewName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'name');
/** Name of an interface as the kernel lists it (dev_valid_name: no slash, colon or space). */
export const LinkName = z.string().regex(/^(?!\.{1,2}$)[^\0/:\s]{1,15}$/, 'interface-name-foreign');
/** Name of a file in /run/netns as found there. */
export const NetnsName = z.string().regex(/^(?!\.{1,2}$)[^\0/]{1,255}$/, 'name-foreign');

/** A process; with `startTime` (clock ticks after boot, field 22 of proc_pid_stat(5)) it is an identity. */
export const ProcessRef = z.strictObject({
  pid: z.int('pid').min(1, 'pid').max(4_194_304, 'pid'),
  startTime: z
    .string()
    .regex(/^[0-9]{1,20}$/, 'start-time')
    .optional(),
});
export type ProcessRef = z.infer<typeof ProcessRef>;

/** A network namespace: the host's, one by its name in /run/netns, one by id, or that of a process. */
export const NetnsRef = z.union(
  [
    z.strictObject({ host: z.literal(true) }),
    z.strictObject({ name: NetnsName, uid: NamespaceUid.optional() }),
    z.strictObject({ id: NamespaceId, uid: NamespaceUid.optional() }),
    ProcessRef,
  ],
  'netns-ref',
);
export type NetnsRef = z.infer<typeof NetnsRef>;

/** An interface, by name or by index (or both: then both must fit), in a namespace (the host's when left out). */
export const LinkRef = z
  .strictObject({
    name: LinkName.optional(),
    index: z.int('interface-index').min(1, 'interface-index').max(0x7fff_ffff, 'interface-index').optional(),
    netns: NetnsRef.optional(),
  })
  .refine((link) => link.name !== undefined || link.index !== undefined, 'link-ref');
export type LinkRef = z.infer<typeof LinkRef>;

const IPV4 = z.ipv4();
const IPV6 = z.ipv6();

function isAddress(text: string): 4 | 6 | undefined {
  if (IPV4.safeParse(text).success) return 4;
  return IPV6.safeParse(text).success && !text.includes('%') ? 6 : undefined;
}

function isCidr(text: string, length: 'required' | 'optional'): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isAddress(address);
  if (family === undefined || rest.length > 0) return false;
  if (prefix === undefined) return length === 'optional';
  return /^(0|[1-9][0-9]{0,2})$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** ADDRESS/LENGTH, IPv4 or IPv6, the length written out. */
export const Cidr = z
  .string()
  .max(49, 'cidr')
  .refine((text) => isCidr(text, 'required'), 'cidr');
/** An address without a length. */
export const Address = z
  .string()
  .max(45, 'address')
  .refine((text) => isAddress(text) !== undefined, 'address');
/** `default`, ADDRESS or ADDRESS/LENGTH, as in `ip route`. */
export const Destination = z
  .string()
  .max(49, 'destination')
  .refine((text) => text === 'default' || isCidr(text, 'optional'), 'destination');

/** Host and domain name as sethostname(2) takes them: at most 64 bytes; printable, no spaces. */
export const HostName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/, 'host-name');

/** One line of uid_map or gid_map (user_namespaces(7)). */
export const IdMap = z.strictObject({
  inside: z.int('id').min(0, 'id').max(4_294_967_294, 'id'),
  outside: z.int('id').min(0, 'id').max(4_294_967_294, 'id'),
  count: z.int('id-count').min(1, 'id-count').max(4_294_967_295, 'id-count'),
});
export type IdMap = z.infer<typeof IdMap>;

/** Text of at most `max` characters without NUL. */
export const Text = (max: number) =>
  z
    .string()
    .max(max, 'too-long')
    .regex(/^[^\0]*$/, 'nul');
/** An absolute path, never opened by the helper with its own rights on somebody's behalf. */
export const AbsolutePath = Text(4096).regex(/^\//, 'absolute-path');
/** Number of a descriptor of the calling process, fetched from it by the helper. */
export const Fd = z.int('fd').min(0, 'fd').max(1_048_575, 'fd');
