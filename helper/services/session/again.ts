// What became of a session whose ticket is spent, and the plan to begin it anew: what a terminal asks that was restored.
import type { SessionPlan } from '../../rpc/contract/session';
import type { Kind } from '../../rpc/contract/terms';
import type { EndedRecord } from '../../state/ended';
import { broken } from '../failures';
import type { House } from '../house';
import type { SessionLives } from './life';
import { type LivingSession, livingSessions } from './record';

interface Found {
  readonly living?: LivingSession;
  readonly ended?: EndedRecord;
}

/** Somebody else's is as one that never was. */
export function findSession(house: House, lives: SessionLives, uid: number, id: string): Found {
  const found = livingAs(house, uid, id);
  if (found.living !== undefined) return found;
  const ended = lives.ended.get(id);
  return ended?.uid === uid ? { ended } : {};
}

export function livingAs(house: House, uid: number, id: string): Found {
  const living = livingSessions(house).find((each) => each.id === id && each.uid === uid);
  return living === undefined ? {} : { living };
}

/** The Failure that says what became of it; undefined where nothing is known. */
export function whatBecame({ living, ended }: Found) {
  if (living !== undefined) {
    const { id: session, title, pid } = living;
    return broken('busy', 'session-elsewhere', { session, title, pid }, { field: 'ticket' });
  }
  if (ended === undefined) return undefined;
  const { session, title, exit, signal, endedAt, plan } = ended;
  const args = {
    title,
    ...(plan !== undefined && { session }),
    ...(exit !== undefined && { exit }),
    ...(signal !== undefined && { signal }),
    // Whole seconds, as text: for those who read small numbers only.
    ...(endedAt !== undefined && { at: String(Math.floor(endedAt / 1000)) }),
  };
  const hint = plan === undefined ? {} : { hint: { code: 'reopen-session', args: { session } } };
  return broken('not-found', 'session-ended', args, { field: 'ticket', ...hint });
}

/** Failure `not-found` where nothing, or not enough, is known of the session. */
export function planAgain({ living, ended }: Found): SessionPlan {
  if (living !== undefined) return besides(living);
  if (ended === undefined) throw broken('not-found', 'session-unknown', undefined, { field: 'session' });
  if (ended.plan === undefined) throw broken('not-found', 'session-not-kept', undefined, { field: 'session' });
  return ended.plan;
}

/** A shell in all namespaces that were made for the living one, or entered by it. */
function besides({ pid, startTime, title, plan, made }: LivingSession): SessionPlan {
  const kinds = new Set<Kind>([...made, ...(plan.join ?? []).map(({ kind }) => kind)]);
  return {
    title,
    join: [...kinds].map((kind) => ({ kind, of: { pid, startTime } })),
    ...(plan.as === 'me' && { as: plan.as }),
    ...(plan.cwd !== undefined && { cwd: plan.cwd }),
  };
}
