// skopeo(1) carries images between registries and a layout of the job's own: fixed arguments, an empty environment, its
// words only in messages. What it brings is checked like everything else.
import { openSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { close, pidfdOpen } from '../../sys/libc';
import { watchReadable } from '../../sys/libc-poll';
import { SOCK_STREAM, socketPair, spawnDetached, waitExit } from '../../sys/libc-process';
import { escapeControls } from '../../sys/proc';
import { asFailure, broken } from '../failures';
import { endProgram } from '../program-end';
import { findProgram } from '../uplink/program';
import { cancelled } from './cancelled';
import type { Job } from './jobs';
import { programFailed } from './program-failure';

const ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME: '/nonexistent' } as const;
const MAX_WORDS = 8192;

export interface Route {
  readonly from: string;
  readonly to: string;
  /** Which side is the registry. */
  readonly registry: 'src' | 'dest';
  readonly insecure: boolean;
  /** A descriptor of ours with the credentials. */
  readonly auth?: number;
}

/** Everything but the path of the program; `auth` as a path that skopeo reaches. */
export function skopeoArguments({ from, to, registry, insecure, auth }: Route, directory: string): string[] {
  return [
    `--tmpdir=${directory}`,
    'copy',
    '--quiet',
    `--${registry}-tls-verify=${insecure ? 'false' : 'true'}`,
    ...(auth === undefined ? [`--${registry}-no-creds`] : [`--${registry}-authfile=/proc/self/fd/${AUTH_FD}`]),
    '--',
    from,
    to,
  ];
}

const AUTH_FD = 3;

/** Rejects with a Failure with skopeo's own words. */
export async function skopeo(job: Job, route: Route): Promise<void> {
  const path = findProgram('skopeo');
  if (path === undefined) {
    const hint = { code: 'install-package', args: { package: 'skopeo' } };
    throw broken('missing-program', 'image-skopeo', undefined, { hint });
  }
  const [near, far] = socketPair(SOCK_STREAM);
  const words = listen(near);
  const nothing = openSync('/dev/null', 'r+');
  let pid: number;
  try {
    const fds = [nothing, nothing, far, ...(route.auth === undefined ? [] : [route.auth])];
    pid = spawnDetached(path, fds, { args: skopeoArguments(route, job.temp), env: ENVIRONMENT });
  } catch (error) {
    throw asFailure(error, { step: 'image-program' });
  } finally {
    close(nothing);
    close(far);
  }
  const status = await endOf(pid, job);
  if (job.isCancelled) throw cancelled();
  if (status !== 0) throw failed(route, await words(), status);
}

/** Its exit status; it is a child of ours, so the pid is its own until it was waited for. */
function endOf(pid: number, job: Job): Promise<number> {
  const pidfd = pidfdOpen(pid);
  return new Promise((resolve) => {
    const forget = job.onCancel(() => void endProgram(pidfd, constants.signals.SIGTERM));
    const watch = watchReadable(pidfd, () => {
      forget();
      watch.close();
      close(pidfd);
      resolve(waitExit(pid) ?? 1);
    });
  });
}

function listen(fd: number): () => Promise<string> {
  let text = '';
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text = (text + chunk).slice(-MAX_WORDS);
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return async () => {
    await closed;
    return text;
  };
}

/** The last of its lines has the cause, as `time="…" level=fatal msg="…"`. */
export function lastWords(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  const [, quoted] = /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
  const said = quoted === undefined ? line : quoted.replace(/\\(.)/g, '$1');
  return escapeControls(said);
}

/** As registries answer where the repository, or this tag in it, is unknown. */
const UNKNOWN = /\b(manifest|name) unknown\b/i;

function failed({ from, registry }: Route, text: string, status: number) {
  const said = lastWords(text);
  if (registry === 'src' && UNKNOWN.test(said)) {
    const hint = { code: 'list-tags', args: { repository: from.replace(/:[^/:]*$/, '') } };
    return broken('not-found', 'image-not-in-registry', { said }, { step: 'image-registry', field: 'name', hint });
  }
  const plain = /server gave HTTP response to HTTPS client|certificate/.test(said);
  const context = { step: 'image-registry', ...(plain && { hint: { code: 'image-insecure' } }) };
  return programFailed('skopeo', said, status, context);
}
