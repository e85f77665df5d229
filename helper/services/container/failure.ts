// What the launcher says of a step that failed, with what makes it understood in a container.
import { Failure } from '../../rpc/contract/errors';
import { LaunchError } from '../../sys/launch';
import { broken } from '../failures';
import { launchFailure } from '../session/launch';

export function containerFailure(error: unknown, command: readonly string[]): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof LaunchError && error.step === 'user-lookup') {
    return broken('not-found', 'user-not-found', { name: error.path ?? '' }, { step: error.step, field: 'user' });
  }
  if (
    error instanceof LaunchError &&
    error.path !== undefined &&
    /^operation-(attach|mount|device)$/.test(error.step)
  ) {
    const failure = launchFailure(error, command);
    return broken(failure.data.kind, 'mount-refused', { path: error.path }, failure.data);
  }
  return launchFailure(error, command);
}
