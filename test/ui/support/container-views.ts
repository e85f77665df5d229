// The views Containers and Images with room for their rows: the other two are shut, and their edges pulled by mouse.
import type { Page } from 'playwright-core';
import type { Editor } from './editor';
import { Tree } from './tree';

export async function containerViews(editor: Editor): Promise<{ containers: Tree; images: Tree }> {
  const { page } = editor;
  const { networks, namespaces } = await editor.openIsolab();
  const containers = new Tree(page, 2);
  const images = new Tree(page, 3);
  for (const view of [images, containers, networks, namespaces]) await view.toggle();
  await pull(page, await edgeOf(images, page, 'top'), { x: 0, y: 420 });
  await pull(page, await edgeOf(images, page, 'right'), { x: 140, y: 0 });
  return { containers, images };
}

/** The edge of a view, which the mouse can take hold of. */
async function edgeOf({ pane }: Tree, page: Page, edge: 'top' | 'right'): Promise<{ x: number; y: number }> {
  const box = await pane.boundingBox();
  if (!box) throw new Error('the view is not in sight');
  if (edge === 'top') return { x: box.x + box.width / 2, y: box.y };
  const sashes = await page.locator('.monaco-sash.vertical').all();
  const places = (await Promise.all(sashes.map((sash) => sash.boundingBox()))).flatMap((place) => place ?? []);
  const right = places.filter(({ x, height }) => x >= box.x + box.width && height > 300).sort((p, q) => p.x - q.x)[0];
  if (!right) throw new Error('the side bar has no edge');
  return { x: right.x + right.width / 2, y: right.y + right.height / 3 };
}

async function pull({ mouse }: Page, from: { x: number; y: number }, by: { x: number; y: number }): Promise<void> {
  await mouse.move(from.x, from.y);
  await mouse.down();
  await mouse.move(from.x + by.x, from.y + by.y, { steps: 10 });
  await mouse.up();
}
