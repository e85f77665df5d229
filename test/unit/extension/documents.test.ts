// Documents as text: the comparison of two processes, the namespaces of one, the doctor's report.
import { expect, test } from 'vitest';
import { comparisonText, doctorText, membershipText, table } from '../../../extension/documents/tables';
import { KINDS } from '../../../helper/rpc/contract/kinds';
import { english, id, namespace, process } from './samples';

test('two processes, kind by kind', () => {
  const a = process();
  const b = process({ pid: 4800, comm: 'sleep', uid: 0, pids: [4800, 1] });
  const kinds = [
    { kind: 'mnt', a: id('1'), b: id('1'), shared: true },
    { kind: 'net', a: id('4026532219'), b: id('4026531840'), shared: false },
    { kind: 'user', a: id('3') },
  ] as const;
  expect(comparisonText({ a, b, kinds: [...kinds] }, english)).toBe(`Isolation of two processes

A  bash, pid 4711, uid 1000
B  sleep, pid 4800 · inside 1, uid 0

kind  A              B                         what it isolates
mnt   1           =  1           shared        mount points
net   4026532219  ≠  4026531840  isolated      interfaces, routes, ports
user  3           ?  —           not readable  users, groups, capabilities

1 isolated, 1 shared. The same id is the same namespace.
`);
});

test('the namespaces of one process', () => {
  const namespaces = KINDS.map((kind, index) => namespace(kind, String(index + 1), { host: true }));
  const text = membershipText(process({ namespaces: { mnt: id('1'), net: id('99') } }), namespaces, english);
  expect(text.split('\n').slice(0, 8)).toEqual([
    'Namespaces of bash, pid 4711, uid 1000',
    '',
    'kind    id                what it isolates',
    'mnt     1   host          mount points',
    'uts     —   not readable  host name and domain name',
    'ipc     —   not readable  System V IPC, POSIX queues',
    'pid     —   not readable  process ids',
    'net     99  isolated      interfaces, routes, ports',
  ]);
});

test('problems come first, features last', () => {
  const greeting = {
    protocol: 1,
    version: '0.1.0',
    realm: 'host',
    pid: 1,
    holder: 0,
    kernel: '6.18',
    features: [{ name: 'unheard-of', present: false }],
    rev: 0,
  } as const;
  const findings = [
    { severity: 'ok', finding: { code: 'unheard-ok' } },
    { severity: 'problem', finding: { code: 'unheard-problem' }, mend: { code: 'unheard-mend' } },
  ] as const;
  const text = doctorText(findings, { ...greeting, features: [...greeting.features] }, english);
  expect(text.indexOf('Problems')).toBeLessThan(text.indexOf('In order'));
  expect(text).toContain('    → ');
  expect(text).toContain('Features of kernel 6.18\n  ✗ unheard-of');
});

test('Chinese characters count as the two cells they take', () => {
  expect(
    table([
      ['种类', 'x'],
      ['mnt', 'y'],
    ]),
  ).toEqual(['种类  x', 'mnt   y']);
});
