// Requests that may take a while: how far they are, and a way to call them off. Short ones end before anything is shown.
import { ProgressLocation, window } from 'vscode';
import type { CallOptions } from '../../helper/rpc/contract/client';
import type { Progress } from '../../helper/rpc/contract/events';
import { step } from '../../helper/rpc/contract/sentences';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { bytesText } from '../views/amounts';
import { joined } from '../views/row';

/** Milliseconds. */
const SHORT = 400;

/** Rejects with Cancelled once it was called off: then the helper has undone what it did. */
export async function long<T>(title: string, act: (options: Required<CallOptions>) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let heard: (progress: Progress) => void = () => {};
  let last: Progress | undefined;
  const onProgress = (progress: Progress) => {
    last = progress;
    heard(progress);
  };
  const running = act({ signal: abort.signal, onProgress });
  try {
    if (await endsSoon(running)) return await running;
    const options = { location: ProgressLocation.Notification, title, cancellable: true };
    return await window.withProgress(options, (shown, cancel) => {
      cancel.onCancellationRequested(() => abort.abort());
      let percent = 0;
      heard = (progress) => {
        // The bar of the editor only goes forward, while every step begins anew.
        const now = progress.total ? Math.floor((100 * progress.done) / progress.total) : 0;
        shown.report({ message: farText(progress), ...(now > percent && { increment: now - percent }) });
        percent = Math.max(percent, now);
      };
      if (last) heard(last);
      return running;
    });
  } catch (error) {
    if (abort.signal.aborted) throw new Cancelled();
    throw error;
  }
}

/** Whether it has ended, well or not, before it is worth a word. */
async function endsSoon(running: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), SHORT);
  });
  const ended = running.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

function farText({ step: at, done, total }: Progress): string {
  const amount = total === undefined ? bytesText(done) : `${bytesText(done)} / ${bytesText(total)}`;
  return joined(step(at, t), done > 0 && amount);
}
