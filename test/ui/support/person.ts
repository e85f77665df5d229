// The ordinary user that the editor runs as: an account with a password and sudo that exists only inside the sealed
// place, where copies of the account files are mounted over the machine's.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { output, run } from '../../support/run';
import type { User } from '../../support/users';

export const PERSON: User & { name: string; password: string; home: string; folder: string } = {
  uid: 61_010,
  gid: 61_010,
  name: 'student',
  password: 'Open-3-sesame',
  home: '/run/student',
  /** The workspace folder. */
  folder: '/run/student/lab',
};

const SUDO = `${PERSON.name} ALL=(ALL:ALL) ALL`;

/** Account file, and the line that makes the person known in it. */
async function lines(): Promise<[file: string, mode: string, line: string][]> {
  const { name, uid, gid, home, password } = PERSON;
  const hash = await output(['perl', '-e', 'print crypt($ARGV[0], q($6$isolab$))', password]);
  return [
    ['/etc/passwd', '644', `${name}:x:${uid}:${gid}::${home}:/bin/bash`],
    ['/etc/group', '644', `${name}:x:${gid}:`],
    ['/etc/shadow', '640', `${name}:${hash}:20000:0:99999:7:::`],
    ['/etc/sudoers', '440', `Defaults lecture=never\n${SUDO}`],
  ];
}

/** Makes the account and its home. Undone by removePerson(). */
export async function makePerson(): Promise<void> {
  if (process.env.ISOLAB_SEALED !== '1') throw new Error('the account is made in the sealed place only');
  await mkdir('/run/accounts', { mode: 0o711 });
  for (const [file, mode, line] of await lines()) {
    const copy = `/run/accounts/${file.split('/').at(-1)}`;
    await writeFile(copy, `${(await readFile(file, 'utf8')).replace(/\n?$/, '\n')}${line}\n`);
    await output(['chmod', mode, copy]);
    await output(['mount', '--bind', copy, file]);
  }
  await mkdir(PERSON.folder, { recursive: true });
  await writeFile(`${PERSON.home}/.bashrc`, `PS1='\\u:\\w\\$ '\n`);
  await writeFile(`${PERSON.folder}/notes.md`, '# Network namespaces\n');
  await output(['chown', '-R', `${PERSON.uid}:${PERSON.gid}`, PERSON.home]);
}

/** Takes sudo from the person; called with true gives it back. */
export async function maySudo(may: boolean): Promise<void> {
  const sudoers = '/run/accounts/sudoers';
  const rest = (await readFile(sudoers, 'utf8')).split('\n').filter((line) => !line.startsWith(`${PERSON.name} `));
  await writeFile(sudoers, [...rest.filter(Boolean), ...(may ? [SUDO] : []), ''].join('\n'));
}

export async function removePerson(): Promise<void> {
  for (const [file] of (await lines()).reverse()) await run(['umount', file]);
}

/** The person's environment after logging in; nothing of the test's own. */
export function personEnv(): NodeJS.ProcessEnv {
  return {
    HOME: PERSON.home,
    USER: PERSON.name,
    LOGNAME: PERSON.name,
    SHELL: '/bin/bash',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
  };
}

/** argv that runs argv as the person, with the groups of the account. */
export function asPerson(argv: readonly string[]): string[] {
  return ['setpriv', `--reuid=${PERSON.uid}`, `--regid=${PERSON.gid}`, '--init-groups', '--', ...argv];
}
