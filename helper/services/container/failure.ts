// What the launcher says of a step that failed, with what makes it understood in a container.
import { Failure } from '../../rpc/contract/errors';
import { SysError } from '../../sys/errors';
import { LaunchError } from '../../sys/launch';
import { asFailure, broken } from '../failures';
import { launchFailure } from '../session/launch';
import type { ContainerRecord } from './record';

export function containerFailure(
  error: unknown,
  command: readonly string[],
  { name, limits }: Pick<ContainerRecord, 'name' | 'limits'>,
): Failure {
  if (error instanceof Failure) return error;
  // clone(2): what the pids controller says, or another limit where the container has none.
  const { pids: limit } = limits;
  if (error instanceof LaunchError && error.step === 'clone' && error.code === 'EAGAIN' && typeof limit === 'number') {
    const hint = { code: 'raise-pids', args: { name } };
    return broken('quota', 'pids-limit-reached', { name, limit }, { step: 'clone', hint });
  }
  if (!(error instanceof LaunchError) || error.path === undefined) return launchFailure(error, command);
  const { step, path, errno } = error;
  if (step === 'user-lookup') return broken('not-found', 'user-not-found', { name: path }, { step, field: 'user' });
  if (!step.startsWith('operation-')) return launchFailure(error, command);
  const rule = { code: 'mount-refused', args: { path } };
  return asFailure(errno === 0 ? error : new SysError(step, errno), { step, rule });
}
