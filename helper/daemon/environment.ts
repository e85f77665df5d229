// The helper's environment: only what it needs, none of what changes the programs that root runs.

/** Where system programs are; not the caller's PATH. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Who started it (holder.ts), where he keeps sockets (places.ts), how to read the editor's binary as Node, time and language of log lines. */
const KEPT = ['SUDO_UID', 'PKEXEC_UID', 'XDG_RUNTIME_DIR', 'ELECTRON_RUN_AS_NODE', 'TZ', 'LANG'] as const;
/** Read by the dynamic linker, the C library or Node before any line of ours runs. */
const HOSTILE = /^(LD_|NODE_(?!CHANNEL_)|GLIBC_|GCONV_|MALLOC_|OPENSSL_|SSL_|UV_|ELECTRON_(?!RUN_AS_NODE$))/;

type Environment = Readonly<Record<string, string | undefined>>;

export function cleanEnvironment(env: Environment): Record<string, string> {
  const kept = KEPT.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { PATH, ...Object.fromEntries(kept) };
}

export function hostileVariables(env: Environment): string[] {
  return Object.keys(env).filter((name) => HOSTILE.test(name));
}

/** V8 would let short-lived objects pile up to 48 MB before it looks at them: in a daemon that is memory for nothing. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=2'];
