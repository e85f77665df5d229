// Whom this helper serves besides root: the uid that sudo or pkexec says it was started by, else its own.

/** From SUDO_UID or PKEXEC_UID, which both programs set themselves whatever the caller's environment held. */
export function holderOf(env: Readonly<Record<string, string | undefined>>, own: number): number {
  for (const text of [env.SUDO_UID, env.PKEXEC_UID]) {
    if (text !== undefined && /^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) < 0xffff_ffff) return Number(text);
  }
  return own;
}
