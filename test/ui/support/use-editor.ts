// An editor for the tests of one file: opened before them, closed after; a failed test leaves a screenshot and the logs.
import { afterAll, beforeAll, beforeEach, expect, onTestFailed } from 'vitest';
import { Editor, type EditorOptions } from './editor';

export function useEditor(options: EditorOptions = {}): () => Editor {
  let editor: Editor | undefined;
  beforeAll(async () => {
    editor = await Editor.open(options);
  });
  beforeEach(() => {
    onTestFailed(async () => {
      const name = `failed-${expect.getState().currentTestName ?? 'test'}`.replace(/[^\w-]+/g, '-').slice(0, 120);
      await editor?.screenshot(name);
      await editor?.keepLogs(name);
    });
  });
  afterAll(async () => {
    await editor?.close();
  });
  return () => {
    if (!editor) throw new Error('the editor is not open yet');
    return editor;
  };
}
