// link/set as data: one kernel request a changed attribute, and the way back. Pure.
import type { LinkAttributes } from '../state/made';

export interface SetStep {
  name: 'mtu' | 'name' | 'up' | 'down';
  /** The parameter that is at fault if the kernel refuses. */
  field: 'mtu' | 'name' | 'up';
  change: LinkAttributes;
  /** The way back. */
  before: LinkAttributes;
}

/** What is already so needs no step. Up or down comes last: going down loses routes, and only then nothing can fail. */
export function planSet(now: Required<LinkAttributes>, { name, mtu, up }: LinkAttributes): SetStep[] {
  const steps: SetStep[] = [];
  if (mtu !== undefined && mtu !== now.mtu) {
    steps.push({ name: 'mtu', field: 'mtu', change: { mtu }, before: { mtu: now.mtu } });
  }
  if (name !== undefined && name !== now.name) {
    steps.push({ name: 'name', field: 'name', change: { name }, before: { name: now.name } });
  }
  if (up !== undefined && up !== now.up) {
    steps.push({ name: up ? 'up' : 'down', field: 'up', change: { up }, before: { up: now.up } });
  }
  return steps;
}

/** After a refusal or a crash, what to set back, last first: what stands as it was asked for and was otherwise before. */
export function planRevert(
  now: Required<LinkAttributes>,
  before: LinkAttributes,
  after: LinkAttributes,
): LinkAttributes[] {
  const back: LinkAttributes[] = [];
  if (before.up !== undefined && now.up === after.up && now.up !== before.up) back.push({ up: before.up });
  if (before.name !== undefined && now.name === after.name && now.name !== before.name) {
    back.push({ name: before.name });
  }
  if (before.mtu !== undefined && now.mtu === after.mtu && now.mtu !== before.mtu) back.push({ mtu: before.mtu });
  return back;
}
