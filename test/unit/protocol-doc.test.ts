// docs/protocol.md says what the contract says.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { METHODS } from '../../helper/rpc/contract';
import { renderProtocol } from '../support/protocol-doc';

test('docs/protocol.md is what the contract renders to', async () => {
  await expect(renderProtocol()).toMatchFileSnapshot(join(import.meta.dirname, '../../docs/protocol.md'));
});

test('every method is there, with its result', () => {
  const text = renderProtocol();
  for (const name of Object.keys(METHODS)) expect(text).toContain(`\n### ${name}\n`);
  expect(text.match(/^Result: `.+`$/gm)).toHaveLength(Object.keys(METHODS).length);
});
