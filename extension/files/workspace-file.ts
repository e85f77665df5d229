// What a workspace file as the editor writes it says of its folders. Pure.

export interface Folder {
  readonly uri: string;
  readonly name?: string;
}

/** None where one has no address of its own, or the text is not what the editor writes. */
export function workspaceFolders(text: string): readonly Folder[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return [];
  }
  const folders = (file as { folders?: unknown } | null)?.folders;
  return Array.isArray(folders) && folders.every(isFolder) ? folders : [];
}

function isFolder(value: unknown): value is Folder {
  const { uri, name } = (value ?? {}) as { uri?: unknown; name?: unknown };
  return typeof uri === 'string' && (name === undefined || typeof name === 'string');
}
