// The version of the wire contract, apart from the schemas: clients start without loading those.

/** Raised whenever an older client and a newer helper (or the reverse) would misunderstand each other. */
export const PROTOCOL_VERSION = 1;
