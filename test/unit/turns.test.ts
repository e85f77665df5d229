// Work on one thing is done in turns, on different things side by side, and a failure is nobody else's.
import { expect, test } from 'vitest';
import { Turns } from '../../helper/services/turns';

test('one thing: one after another, each with its own outcome', async () => {
  const turns = new Turns();
  const said: string[] = [];
  const work = (name: string, fails: boolean) => async () => {
    said.push(`${name} begins`);
    await Promise.resolve();
    said.push(`${name} ends`);
    if (fails) throw new Error(name);
    return name;
  };
  const outcomes = await Promise.allSettled([
    turns.take('a', work('first', true)),
    turns.take('a', work('second', false)),
    turns.take('a', work('third', false)),
  ]);
  expect(outcomes.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason)))).toEqual([
    'Error: first',
    'second',
    'third',
  ]);
  expect(said).toEqual(['first begins', 'first ends', 'second begins', 'second ends', 'third begins', 'third ends']);
});

test('different things: side by side', async () => {
  const turns = new Turns();
  let open: () => void = () => {};
  const waits = turns.take('a', () => new Promise<void>((resolve) => (open = resolve)));
  expect(await turns.take('b', async () => 'through')).toBe('through');
  open();
  await waits;
});
