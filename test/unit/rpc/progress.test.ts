// Which methods say how far they are: the client knows without their schemas.
import { expect, test } from 'vitest';
import { METHODS } from '../../../helper/rpc/contract';
import { PROGRESSING } from '../../../helper/rpc/contract/events';

test('those whose params have a field for it, and no others', () => {
  const having = Object.values(METHODS).filter(({ params }) => 'progress' in params.shape);
  expect(having.map(({ name }) => name).sort()).toEqual([...PROGRESSING].sort());
});
