// Notices that a path may have appeared, by inotify on the nearest directory above it that can be watched: no polling.
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Calls `maybe` whenever something on the way to `path` came or went. A directory that may be entered but not read
 * cannot be watched (inotify_add_watch(2)): then the one above it is. Returns the function that ends it.
 */
export function watchForPath(path: string, maybe: () => void): () => void {
  let watcher: FSWatcher | undefined;
  let ended = false;

  function arm(): void {
    watcher?.close();
    watcher = undefined;
    if (ended) return;
    for (let directory = dirname(path); ; directory = dirname(directory)) {
      watcher = tryWatch(directory, (name) => {
        if (name !== null && !leadsTo(directory, name, path)) return;
        arm();
        maybe();
      });
      if (watcher || directory === dirname(directory)) return;
    }
  }

  arm();
  return () => {
    ended = true;
    watcher?.close();
  };
}

/** Whether a change of `name` in `directory` matters: it is the next step to the path, or the directory itself went. */
function leadsTo(directory: string, name: string, path: string): boolean {
  const next = directory === '/' ? `/${name}` : `${directory}/${name}`;
  return path === next || path.startsWith(`${next}/`) || directory.endsWith(`/${name}`);
}

function tryWatch(directory: string, heard: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => heard(name));
    // A watched directory that vanishes is heard of as a change before; nothing is left to do here.
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    // Not there, not readable, or no inotify instance left: the directory above is tried.
    return undefined;
  }
}
