// Our sentences in the person's language. Pure code is handed a Translate instead, so that it runs without an editor.
import { l10n } from 'vscode';
import type { Translate } from '../helper/rpc/contract/sentences';

export const t: Translate = (message, args) => (args === undefined ? l10n.t(message) : l10n.t(message, args));
