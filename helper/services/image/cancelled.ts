// What a call is told that nobody wants any more, wherever it notices.
import { broken } from '../failures';

export function cancelled() {
  return broken('conflict', 'cancelled', undefined, { hint: { code: 'nothing-left' } });
}
