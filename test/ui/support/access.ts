// What a screen reader is told of the window: Chromium's accessibility tree, not the page's attributes.
import type { Page } from 'playwright-core';

export interface SpokenRow {
  role: string;
  name: string;
  level: number | undefined;
  /** undefined where there is nothing to open. */
  expanded: boolean | undefined;
  focused: boolean;
}

interface AxNode {
  role?: { value?: unknown };
  name?: { value?: unknown };
  properties?: { name: string; value: { value?: unknown } }[];
  ignored: boolean;
}

/** Every row that is in view of the side bar's view at this place, top down. */
export async function spokenRows(page: Page, view: number): Promise<SpokenRow[]> {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send('Accessibility.enable');
    const expression = `document.querySelectorAll('.sidebar .split-view-view .pane')[${view}].querySelector('.monaco-list')`;
    const { result } = await session.send('Runtime.evaluate', { expression });
    if (result.objectId === undefined) throw new Error('the view has no list');
    const { nodes } = await session.send('Accessibility.queryAXTree', { objectId: result.objectId, role: 'treeitem' });
    return (nodes as AxNode[]).filter(({ ignored }) => !ignored).map(spoken);
  } finally {
    await session.detach();
  }
}

function spoken({ role, name, properties = [] }: AxNode): SpokenRow {
  const property = (wanted: string) => properties.find((each) => each.name === wanted)?.value.value;
  const level = property('level');
  const expanded = property('expanded');
  return {
    role: String(role?.value ?? ''),
    name: String(name?.value ?? ''),
    level: typeof level === 'number' ? level : undefined,
    expanded: typeof expanded === 'boolean' ? expanded : undefined,
    focused: property('focused') === true,
  };
}
