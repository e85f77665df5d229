// The answers of the wizard that runs a container become the plan of container/create. Pure.
import type { Input } from '../../helper/rpc/contract';
import { diskOf } from '../../helper/rpc/contract/disk-text';
import { wordsOf } from './words';

type Plan = Input<'container/create'>;

/** What can be picked besides image, command and name; those with a question of their own ask it. */
export const RUN_OPTIONS = [
  'terminal',
  'remove',
  'readonly',
  'init',
  'userns',
  'restart',
  'network',
  'memory',
  'cpus',
  'pids',
  'env',
  'bind',
  'disk',
  'user',
  'hostname',
] as const;
export type RunOption = (typeof RUN_OPTIONS)[number];

export interface RunAnswers {
  readonly image: NonNullable<Plan['image']>;
  readonly command: string;
  readonly name: string;
  readonly options: readonly RunOption[];
  readonly restart?: Plan['restart'];
  readonly network?: Plan['network'];
  /** Bytes. */
  readonly memory?: number;
  readonly cpus?: number;
  readonly pids?: number;
  readonly env?: string;
  readonly user?: string;
  readonly hostname?: string;
  /** `SIZE:TARGET`. */
  readonly disk?: string;
}

/** Without what is bound: these are descriptors, which live only while the request is made. */
export function runPlan(answers: RunAnswers): Plan {
  const { image, command, name, options, network, env, user, hostname } = answers;
  const disk = answers.disk === undefined ? undefined : diskOf(answers.disk);
  const has = (option: RunOption) => options.includes(option);
  const words = wordsOf(command) ?? [];
  const variables = has('env') ? (wordsOf(env ?? '') ?? []) : [];
  const limits = {
    ...(has('memory') && answers.memory !== undefined && { memory: answers.memory }),
    ...(has('cpus') && answers.cpus !== undefined && { cpus: answers.cpus }),
    ...(has('pids') && answers.pids !== undefined && { pids: answers.pids }),
  };
  return {
    image,
    ...(name !== '' && { name }),
    ...(words.length > 0 && { command: words }),
    ...(has('terminal') && { tty: true, interactive: true }),
    ...(has('remove') && { autoRemove: true }),
    ...(has('readonly') && { readonly: true }),
    ...(has('init') && { init: true }),
    ...(has('userns') && { userns: 'own' as const }),
    ...(has('restart') && answers.restart !== undefined && { restart: answers.restart }),
    ...(has('network') && network !== undefined && { network }),
    ...(variables.length > 0 && { env: variables }),
    ...(has('user') && user && { user }),
    ...(has('hostname') && hostname && { hostname }),
    ...(has('disk') && disk !== undefined && { mounts: [{ type: 'disk', ...disk }] }),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

/** `library/busybox:1.36` gives `busybox1`, or the next number that is free. */
export function containerBase(imageName: string | undefined): string {
  const last = (imageName ?? '').split('/').at(-1)?.split(/[:@]/)[0] ?? '';
  const clean = last.replace(/[^A-Za-z0-9_.-]/g, '').replace(/^[^A-Za-z0-9]+/, '');
  return clean.slice(0, 50) || 'container';
}
