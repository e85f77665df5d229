// Configurations of images: as a container is started by them, and what becomes of one that is changed. Pure.
import type { ImageChange, ImageConfig, ImageStep } from '../../rpc/contract/image';
import type { Config, RunConfig } from './documents';

const keys = (record: Record<string, unknown> | undefined) => Object.keys(record ?? {});

export function normalised(run: RunConfig | undefined): ImageConfig {
  const health = run?.Healthcheck;
  return {
    ...(run?.Entrypoint?.length && { entrypoint: run.Entrypoint }),
    ...(run?.Cmd?.length && { cmd: run.Cmd }),
    env: run?.Env ?? [],
    ...(run?.WorkingDir && { workingDir: run.WorkingDir }),
    ...(run?.User && { user: run.User }),
    ...(run?.StopSignal && { stopSignal: run.StopSignal }),
    exposedPorts: keys(run?.ExposedPorts),
    volumes: keys(run?.Volumes),
    labels: run?.Labels ?? {},
    ...(health?.Test?.length && {
      healthcheck: {
        test: health.Test,
        ...(health.Interval && { interval: health.Interval }),
        ...(health.Timeout && { timeout: health.Timeout }),
        ...(health.StartPeriod && { startPeriod: health.StartPeriod }),
        ...(health.Retries && { retries: health.Retries }),
      },
    }),
  };
}

/** Steps and layers side by side: a step without `empty_layer` made the next layer. */
export function historyOf({ history, rootfs }: Config): ImageStep[] {
  let layer = 0;
  const count = rootfs.diff_ids?.length ?? 0;
  return (history ?? []).map(({ created, created_by, comment, author, empty_layer }) => ({
    ...(created && { created }),
    ...(created_by && { createdBy: created_by }),
    ...(comment && { comment }),
    ...(author && { author }),
    ...(!empty_layer && layer < count && { layer: layer++ }),
  }));
}

const nameOf = (variable: string) => variable.slice(0, variable.indexOf('='));
const record = (list: readonly string[]) => Object.fromEntries(list.map((one) => [one, {}]));
const withProtocol = (port: string) => (port.includes('/') ? port : `${port}/tcp`);

/** What stays out of `change` stays; an empty list or text takes away. A new entrypoint takes the old arguments with it. */
export function changed(run: RunConfig | undefined, change: ImageChange): Record<string, unknown> {
  const { entrypoint, cmd, env, workingDir, user, labels, exposedPorts, volumes, stopSignal } = change;
  const set: Record<string, unknown> = {
    ...run,
    ...(entrypoint !== undefined && { Entrypoint: entrypoint, Cmd: undefined }),
    ...(cmd !== undefined && { Cmd: cmd }),
    ...(env !== undefined && { Env: mergedEnv(run?.Env ?? [], env) }),
    ...(workingDir !== undefined && { WorkingDir: workingDir }),
    ...(user !== undefined && { User: user }),
    ...(labels !== undefined && { Labels: { ...run?.Labels, ...labels } }),
    ...(exposedPorts !== undefined && { ExposedPorts: record(exposedPorts.map(withProtocol)) }),
    ...(volumes !== undefined && { Volumes: record(volumes) }),
    ...(stopSignal !== undefined && { StopSignal: stopSignal }),
  };
  return Object.fromEntries(Object.entries(set).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function mergedEnv(old: readonly string[], added: readonly string[]): string[] {
  const names = new Set(added.map(nameOf));
  return [...old.filter((variable) => !names.has(nameOf(variable))), ...added];
}

export interface NewLayer {
  readonly diffId: string;
  readonly created: string;
  readonly createdBy: string;
  readonly comment?: string;
}

/** The configuration of an image that has one more layer than `base`, or is the first of its kind. */
export function extended(
  base: Config | undefined,
  layer: NewLayer,
  change: ImageChange,
  platform: { architecture: string; os: string },
): Record<string, unknown> {
  const { created, createdBy, comment, diffId } = layer;
  const run = changed(base?.config, change);
  return {
    ...base,
    architecture: base?.architecture ?? platform.architecture,
    os: base?.os ?? platform.os,
    created,
    config: run,
    rootfs: { type: 'layers', diff_ids: [...(base?.rootfs.diff_ids ?? []), diffId] },
    history: [...(base?.history ?? []), { created, created_by: createdBy, ...(comment && { comment }) }],
  };
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', arm: 'arm', arm64: 'arm64' };

/** What runs here, as Go names it. */
export function ownPlatform(arch: string = process.arch): { architecture: string; os: string } {
  return { architecture: ARCHITECTURES[arch] ?? arch, os: 'linux' };
}
