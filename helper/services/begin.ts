// The first step of every change: its intent goes into the journal.
import type { Entry, Intent, Journal } from '../state/journal';
import { asFailure } from './failures';

/** Notes an intent; where not even that can be written, nothing is begun. */
export function begin(journal: Journal, intent: Intent): Entry {
  try {
    return journal.begin(intent);
  } catch (error) {
    throw asFailure(error, { step: 'journal' });
  }
}
