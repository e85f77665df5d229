// What an errno means of a path inside a container or an image.
import { Failure } from '../../rpc/contract/errors';
import { asFailure, broken, errnoOf } from '../failures';

const MEANING: Readonly<Record<string, Failure>> = {
  ENOENT: broken('not-found', 'file-not-found'),
  ENOTDIR: broken('invalid', 'file-not-directory'),
  EISDIR: broken('invalid', 'file-is-directory'),
  ELOOP: broken('invalid', 'file-link-refused'),
  EEXIST: broken('exists', 'file-exists'),
  ENOTEMPTY: broken('busy', 'file-directory-full'),
  EXDEV: broken('unsupported-kernel', 'file-other-layer'),
  EROFS: broken('denied', 'file-read-only'),
  EBUSY: broken('busy', 'file-mounted'),
  ENAMETOOLONG: broken('invalid', 'file-name-long'),
  ENOSPC: broken('quota', 'file-disk-full'),
  EDQUOT: broken('quota', 'file-disk-full'),
  EPERM: broken('denied', 'file-immutable'),
};

/** As `asFailure`, with the rule that the errno stands for here. */
export function fileFailure(error: unknown): Failure {
  const code = errnoOf(error) ?? '';
  const meaning = Object.hasOwn(MEANING, code) ? MEANING[code] : undefined;
  if (error instanceof Failure || meaning === undefined) return asFailure(error, { field: 'path' });
  return new Failure({ ...meaning.data, field: 'path', errno: code }, { cause: error });
}
