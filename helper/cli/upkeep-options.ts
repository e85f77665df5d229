// Words of docker-run(1) for restart policies and health checks.
import type { ContainerPlan, RestartPolicy } from '../rpc/contract/container-plan';
import { flag, type Given, value } from './command';
import { integer, text } from './refs';
import { Usage } from './usage';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export const UPKEEP = {
  restart: value('POLICY', restart, 'When it is started again: no, always, unless-stopped, on-failure[:TIMES].'),
  'health-cmd': value('CMD', text, 'A command of its shell that tells by its exit status whether all is well.'),
  'health-interval': value('TIME', duration, 'Time between two checks, at least 1s; 30s when left out.'),
  'health-timeout': value('TIME', duration, 'A check that takes longer has failed; 30s when left out.'),
  'health-start-period': value('TIME', duration, 'Failures so soon after its start do not count; 0s when left out.'),
  'health-retries': value('N', integer, 'So many failures in a row make it unhealthy; 3 when left out.'),
  'no-healthcheck': flag('Without the health check of the image.'),
};

export const UPKEEP_FIELDS = {
  restart: '--restart',
  'restart.retries': '--restart',
  health: '--health-cmd',
  'health.interval': '--health-interval',
  'health.timeout': '--health-timeout',
  'health.startPeriod': '--health-start-period',
  'health.retries': '--health-retries',
};

export function restart(argument: string): RestartPolicy {
  const [, policy = '', retries] = /^(no|always|unless-stopped|on-failure)(?::(\d{1,7}))?$/.exec(argument) ?? [];
  if (policy === '') {
    throw new Usage('“{argument}” is none of no, always, unless-stopped and on-failure[:TIMES].', { argument });
  }
  return { policy: policy as RestartPolicy['policy'], ...(retries !== undefined && { retries: Number(retries) }) };
}

/** `1m30s`, `500ms`; milliseconds. */
function duration(argument: string): number {
  const parts = [...argument.matchAll(/(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)/g)];
  if (argument === '0') return 0;
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== argument) {
    throw new Usage('“{argument}” is no time, such as 30s, 1m30s or 500ms.', { argument });
  }
  return Math.round(parts.reduce((sum, [, number, unit = 's']) => sum + Number(number) * (UNITS[unit] ?? 1000), 0));
}

export function healthOf(given: Given<typeof UPKEEP>): ContainerPlan['health'] {
  const [command, interval, timeout] = [given['health-cmd'], given['health-interval'], given['health-timeout']];
  const [startPeriod, retries] = [given['health-start-period'], given['health-retries']];
  const health = {
    ...(command !== undefined && { command: ['/bin/sh', '-c', command] }),
    ...(interval !== undefined && { interval }),
    ...(timeout !== undefined && { timeout }),
    ...(startPeriod !== undefined && { startPeriod }),
    ...(retries !== undefined && { retries }),
  };
  const some = Object.keys(health).length > 0;
  if (!given['no-healthcheck']) return some ? health : undefined;
  if (some) throw new Usage('This and other words about a health check exclude each other.', {}, '--no-healthcheck');
  return 'none';
}
