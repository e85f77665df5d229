// Text to the clipboard: one thing a line.
import { env } from 'vscode';
import { t } from '../translate';
import { done } from './report';

export async function copyText(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await env.clipboard.writeText(lines.join('\n'));
  done(t('Copied {text}', { text: lines.join(', ') }));
}
