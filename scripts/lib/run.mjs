// Runs other programs for the scripts: argument lists only, no shell, and no address of a package registry in what is shown.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants as fsConstants } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's top folder, absolute. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** A failure that is the person's to mend: shown as one sentence, without a stack. */
export class Stop extends Error {}

/** Absolute path of a program on PATH (and in the system directories that an ordinary user's PATH lacks), or undefined. */
export function which(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const path = join(folder || '.', program);
    try {
      accessSync(path, fsConstants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** Runs to the end with our own terminal; returns the exit status (128 + N for a signal). */
export function run(argv, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { stdio: 'inherit', cwd: ROOT, ...options });
    // Who ends the script ends what it runs. (Ctrl-C reaches both by itself.)
    const end = (signal) => child.kill(signal);
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, end);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const each of ['SIGTERM', 'SIGHUP']) process.off(each, end);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** Runs to the end and gives what it wrote; throws Stop with its words when it fails. */
export function capture(argv, options = {}) {
  const done = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8', cwd: ROOT, maxBuffer: 64 << 20, ...options });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Stop(`${argv[0]} ${argv[1] ?? ''} failed:\n${scrub(done.stderr + done.stdout)}`);
  return done.stdout;
}

/** Leaves only the path of every address: which registry a machine uses is nobody's business. */
export function scrub(text) {
  return text.replace(/\b(https?|git\+ssh):\/\/[^\s/"']+/g, '$1://…');
}

/** Runs a script's main function; a Stop is told plainly. */
export function main(body) {
  Promise.resolve()
    .then(body)
    .then(
      (status) => {
        process.exitCode = status ?? 0;
      },
      (error) => {
        console.error(error instanceof Stop ? error.message : error);
        process.exitCode = 1;
      },
    );
}
