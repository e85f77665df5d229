// The programs that carry outside connections, apart from the schemas: the command line starts without loading those.

/** In the order in which they are tried where none is asked for. */
export const UPLINK_PROGRAMS = ['pasta', 'slirp4netns'] as const;
