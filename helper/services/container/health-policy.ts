// What a health check is, and what its results mean. Pure; times in milliseconds.
import type { Container } from '../../rpc/contract/container';
import type { ContainerPlan } from '../../rpc/contract/container-plan';
import type { ImageConfig } from '../../rpc/contract/image';
import { broken } from '../failures';
import type { HealthCheck } from './record';

export type Health = NonNullable<Container['health']>;

/** Docker's. */
const USUAL = { interval: 30_000, timeout: 30_000, startPeriod: 0, retries: 3 };
/** An image may ask for less, in nanoseconds. */
const SHORTEST = 1000;
const NANOSECONDS = 1_000_000;

export const AT_FIRST: Health = { status: 'starting', failures: 0 };

/** Undefined: none. Failure `invalid` where neither plan nor image name a program. */
export function settleHealth(
  plan: ContainerPlan['health'],
  image: ImageConfig['healthcheck'] | undefined,
): HealthCheck | undefined {
  if (plan === 'none') return undefined;
  const command = plan?.command ?? commandOf(image?.test);
  if (command === undefined) {
    if (plan === undefined) return undefined;
    throw broken('invalid', 'health-without-command', undefined, { field: 'health' });
  }
  const { interval, timeout, startPeriod, retries } = image ?? {};
  return {
    command: [...command],
    interval: plan?.interval ?? ofImage(interval) ?? USUAL.interval,
    timeout: plan?.timeout ?? ofImage(timeout) ?? USUAL.timeout,
    startPeriod: plan?.startPeriod ?? ofImage(startPeriod) ?? USUAL.startPeriod,
    retries: plan?.retries ?? (retries || USUAL.retries),
  };
}

function ofImage(nanoseconds: number | undefined): number | undefined {
  return nanoseconds ? Math.max(Math.round(nanoseconds / NANOSECONDS), SHORTEST) : undefined;
}

/** As an image has it: `["CMD", …]`, `["CMD-SHELL", text]`, or `["NONE"]`. */
function commandOf([how, ...words]: readonly string[] = []): string[] | undefined {
  if (words.length === 0) return undefined;
  if (how === 'CMD') return words;
  return how === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words.slice(0, 1)] : undefined;
}

/** `age`: since the container was started. */
export function judged(before: Health, ok: boolean, { startPeriod, retries }: HealthCheck, age: number): Health {
  if (ok) return { status: 'healthy', failures: 0 };
  if (before.status === 'starting' && age < startPeriod) return before;
  const failures = before.failures + 1;
  return { status: failures >= retries ? 'unhealthy' : before.status, failures };
}

/** Undefined where the text is not what was written. */
export function parseHealth(text: string): Health | undefined {
  const [status, failures, ...more] = text.trim().split(' ');
  const sound = status === 'starting' || status === 'healthy' || status === 'unhealthy';
  return sound && /^\d{1,9}$/.test(failures ?? '') && more.length === 0
    ? { status, failures: Number(failures) }
    : undefined;
}

export function formatHealth({ status, failures }: Health): string {
  return `${status} ${failures}\n`;
}
