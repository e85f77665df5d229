// Scopes of addresses and routes (rt_scope_t of rtnetlink(7)) by the names that ip(8) uses.

export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_HOST = 254;
export const RT_SCOPE_NOWHERE = 255;

const NAMES = new Map([
  [RT_SCOPE_UNIVERSE, 'global'],
  [200, 'site'],
  [RT_SCOPE_LINK, 'link'],
  [RT_SCOPE_HOST, 'host'],
  [RT_SCOPE_NOWHERE, 'nowhere'],
]);

/** A number as text where the scope has no name. */
export function scopeName(scope: number): string {
  return NAMES.get(scope) ?? String(scope);
}
