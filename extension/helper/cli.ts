// Our own command line, for what needs no helper: it runs as the person, in their language, and its words are shown as they are.
import { spawn } from 'node:child_process';
import { env } from 'vscode';
import { commandLine } from '../../helper/rpc/contract/command-line';
import type { Context } from '../context';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never rejects; a program that could not be started has status -1. */
export function runCommandLine(context: Context, args: readonly string[]): Promise<Ran> {
  const argv = [context.programs.cli, ...args];
  context.log.info(commandLine(['isolab', ...args]));
  const locale = env.language === 'zh-cn' ? 'zh_CN.UTF-8' : 'C.UTF-8';
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', LC_ALL: locale, LANGUAGE: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    const end = (status: number, words = stderr) => resolve({ status, stdout, stderr: words });
    child.once('error', (error) => end(-1, error.message));
    child.once('close', (code) => end(code ?? -1));
  });
}
