// Takes out of a text what tells who somebody is or opens a door: home directories, account names, the host's name,
// tickets, passwords. For reports that people paste where anybody can read them: rather too much than too little.
import { readFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';

export interface Identities {
  /** Account names; root and the like are nobody's secret. */
  readonly names: readonly string[];
  /** Absolute paths of home directories. */
  readonly homes: readonly string[];
  readonly hosts: readonly string[];
}

/** Places that hold one directory for each person, whatever the account file says of them. */
// Lengths are bounded: a line made to be slow to look at is not.
const HOMES =
  /((?:^|[^\w.~-])(?:\/(?:var|export|usr|net))?\/(?:home|Users|afs|users)\/)(?!\[)[^/\s:;,'"`()<>[\]{}|]+/gm;
/** NAME=value, NAME: value, "NAME": "value". */
const SECRETS =
  /((?:token|secret|passw(?:or)?d|passphrase|credential|api_?key|private_?key|cookie|authorization|session_?key)\w{0,40}["']?\s*[=:]\s*)(\[masked\]|"[^"]*"?|'[^']*'?|(?:bearer|basic)\s+\S+|\S+)/gi;
const URL_ACCOUNT = /(?<![a-z\d+.-])([a-z][a-z\d+.-]{0,30}:\/\/)[^\s/@]{1,300}@/gi;
const MAIL = /(?<![\w.+-])[\w.+-]{1,100}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
const TICKET = /(?<![0-9A-Za-z])[0-9a-f]{32}(?![0-9A-Za-z])/g;

/** A mask for these identities: text in, text without them out. Pure. */
export function maskOf({ names, homes, hosts }: Identities): (text: string) => string {
  const byLength = (a: string, b: string) => b.length - a.length;
  const paths = homes.filter((home) => home.length > 1 && home !== '/').sort(byLength);
  const rules: (readonly [RegExp, string])[] = [
    [SECRETS, '$1[masked]'],
    [URL_ACCOUNT, '$1[account]@'],
    [MAIL, '[address]'],
    [TICKET, '[ticket]'],
    ...paths.map((home) => [new RegExp(`${literally(home)}(?![\\p{L}\\p{N}_.-])`, 'gu'), '~'] as const),
    [HOMES, '$1[user]'],
    ...[...names].sort(byLength).map((name) => [word(name), '[user]'] as const),
    ...[...hosts].sort(byLength).map((host) => [word(host), '[host]'] as const),
  ];
  return (text) => rules.reduce((masked, [found, put]) => masked.replace(found, put), text);
}

/** Who this text may be about: the person, whom sudo or pkexec brought here, and everybody with an account on the machine. */
export function identitiesHere(env: Readonly<Record<string, string | undefined>> = process.env): Identities {
  const accounts = people(readAccounts());
  const names = [...accounts.map(({ name }) => name), env.SUDO_USER, env.USER, env.LOGNAME, ownName()];
  const homes = [...accounts.map(({ home }) => home), env.HOME, homedir()];
  return {
    names: unique(names).filter((name) => name !== 'root'),
    homes: unique(homes).filter((home) => home.startsWith('/')),
    hosts: unique([hostname(), hostname().split('.')[0]]).filter((host) => host !== 'localhost'),
  };
}

/** Lines of passwd(5) that are of persons, not of services. */
export function people(passwd: string): { name: string; home: string }[] {
  return passwd.split('\n').flatMap((line) => {
    const [name = '', , uid = '', , , home = ''] = line.split(':');
    const isPerson = Number(uid) >= 1000 && Number(uid) !== 65_534;
    return name !== '' && isPerson ? [{ name, home }] : [];
  });
}

function readAccounts(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    // Accounts from elsewhere only: the person's own name and home are known from the environment.
    return '';
  }
}

function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A uid without an account.
    return undefined;
  }
}

function unique(texts: readonly (string | undefined)[]): string[] {
  return [...new Set(texts.filter((text) => text !== undefined && text !== ''))] as string[];
}

/** As a word of its own: `ann` is not in `annotate`. */
function word(text: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_])${literally(text)}(?![\\p{L}\\p{N}_])`, 'gu');
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
