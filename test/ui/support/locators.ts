// What is seen at a place of the page, and where it is.
import type { Locator } from 'playwright-core';

export function exactly(label = ''): RegExp {
  return new RegExp(`^\\s*${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}

/** A property as it is drawn. */
export async function styleOf(of: Locator, property: string, pseudo?: string): Promise<string> {
  return await of.evaluate(
    (element, [wanted, part]) =>
      String(element.ownerDocument.defaultView?.getComputedStyle(element, part).getPropertyValue(wanted)),
    [property, pseudo] as const,
  );
}

export async function middle(of: Locator): Promise<{ x: number; y: number }> {
  const box = await of.boundingBox();
  if (!box) throw new Error('the row is not in view');
  return { x: box.x + Math.min(box.width / 2, 40), y: box.y + box.height / 2 };
}
