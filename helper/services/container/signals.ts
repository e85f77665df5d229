// Signals by name and number, as signal(7) and docker-kill have them.
import { constants } from 'node:os';

const NAMES: Readonly<Record<string, number>> = constants.signals;
/** glibc's: the two below are its own. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** `SIGTERM`, `TERM`, `15`, `RTMIN+3`; undefined for what is none. */
export function signalNumber(name: string | number): number | undefined {
  if (typeof name === 'number' || /^[0-9]{1,2}$/.test(name)) {
    const number = Number(name);
    return number >= 1 && number <= SIGRTMAX ? number : undefined;
  }
  const bare = name.replace(/^SIG/, '');
  const realTime = /^RTMIN(?:\+([0-9]{1,2}))?$/.exec(bare);
  if (realTime) {
    const number = SIGRTMIN + Number(realTime[1] ?? 0);
    return number <= SIGRTMAX ? number : undefined;
  }
  if (bare === 'RTMAX') return SIGRTMAX;
  return Object.hasOwn(NAMES, `SIG${bare}`) ? NAMES[`SIG${bare}`] : undefined;
}

export function signalName(number: number): string {
  const found = Object.entries(NAMES).find(([, value]) => value === number);
  if (found) return found[0];
  return number === SIGRTMIN ? 'SIGRTMIN' : number > SIGRTMIN ? `SIGRTMIN+${number - SIGRTMIN}` : String(number);
}
