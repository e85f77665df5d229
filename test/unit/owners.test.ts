// Whose directories a client relies on: on the host, and inside a user namespace where root has no number.
import { expect, test } from 'vitest';
import { isRelied } from '../../helper/rpc/contract/owners';

const HOST = '         0          0 4294967295\n';
const MAPPED = '         0       1000          1\n';
const RANGE = '         0       1000          1\n         1     100000      65536\n';
const RUN = '/run/isolab/1000';

test.each([
  ['root’s', 0, RUN, HOST, true],
  ['one’s own', 1000, '/tmp/x', HOST, true],
  ['another’s', 1001, RUN, HOST, false],
  ['nobody’s, on the host', 65_534, RUN, HOST, false],
  ['nobody’s, inside: root’s', 65_534, RUN, MAPPED, true],
  ['the same by its own name', 65_534, '/run/isolab', MAPPED, true],
  ['nobody’s elsewhere: anybody’s', 65_534, '/home/eve/isolab', MAPPED, false],
  ['nobody’s in a name that only begins so', 65_534, '/run/isolab2/1000', MAPPED, false],
  ['nobody’s, inside, where that number stands for another id, too', 65_534, RUN, RANGE, true],
  ['another’s with a number', 5, RUN, RANGE, false],
])('%s', (_, owner, way, map, relied) => {
  expect(isRelied(owner, 1000, way, () => map)).toBe(relied);
});
