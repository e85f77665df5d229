// Reports that are pasted where anybody can read them: what they hold, what they never hold, what cannot break them.
import { expect, test } from 'vitest';
import { diagnosticsText, distribution, type Facts, lastLines } from '../../helper/rpc/contract/diagnostics';
import { maskOf, people } from '../../helper/rpc/contract/mask';
import { fill } from '../../helper/rpc/contract/sentences';

const t = fill;
const mask = maskOf({
  names: ['ann', 'ann.lee', 'Zoë'],
  homes: ['/srv/people/ann', '/'],
  hosts: ['lab-7', 'lab-7.example.org'],
});

const facts: Facts = {
  versions: [
    ['Isolab', '1.2.3'],
    ['Distribution', 'Odd | Linux'],
  ],
  helper: {
    greeting: {
      protocol: 1,
      version: '1.2.2',
      realm: 'host',
      pid: 5,
      holder: 1000,
      kernel: '6.18.1',
      rev: 0,
      features: [
        { name: 'veth', present: true },
        { name: 'bridge', present: false, reason: { code: 'needs-kernel-option', args: { option: 'CONFIG_BRIDGE' } } },
      ],
    },
    findings: [
      {
        severity: 'problem',
        finding: { code: 'code-writable', args: { path: '/home/ann/.vscode-server/x.cjs' } },
        mend: { code: 'install-elsewhere', args: { path: '/home/ann/.vscode-server/x.cjs' } },
      },
    ],
    diagnostics: { node: 'v24.1.0', uptime: 61.4, made: { netns: 2, link: 1 }, log: ['first', 'uid 1000 greets'] },
  },
  settings: { 'isolab.socket': '/home/ann/`x`.sock' },
  extensionLog: [],
};

test('holds what a report needs, in Markdown', () => {
  expect(diagnosticsText(facts, t, mask)).toBe(`# Diagnostics of Isolab

| What | Value |
|---|---|
| Isolab | 1.2.3 |
| Distribution | Odd \\| Linux |
| Helper | 1.2.2, protocol 1, host realm |
| Node of the helper | v24.1.0 |
| Kernel of the helper | 6.18.1 |
| Runs for | 61 s |
| Made by Isolab | netns 2, link 1 |

## Findings

- **problem** /home/[user]/.vscode-server/x.cjs is part of what root runs, and others may write to it. → Take the right to write from others (chmod go-w /home/[user]/.vscode-server/x.cjs), or install Isolab where only root and you may write.

## Missing features

- bridges: It needs a kernel built with CONFIG_BRIDGE.

## Settings

- \`isolab.socket\`: \`\` "/home/[user]/\`x\`.sock" \`\`

## Log of the helper

\`\`\`text
first
uid 1000 greets
\`\`\`

## Log of the extension

none
`);
});

test('without a helper it says why', () => {
  const text = diagnosticsText({ versions: [], helper: { absent: 'No helper answers at /home/ann/s.' } }, t, mask);
  expect(text).toContain('| Helper | none |');
  expect(text).toContain('- No helper answers at /home/[user]/s.');
});

test.each([
  ['/home/ann/project and /home/bob', '/home/[user]/project and /home/[user]'],
  ['"/home/bob lee/x"', '"/home/[user] lee/x"'],
  ['/srv/people/ann/x /srv/people/annette', '~/x /srv/people/annette'],
  ['file:///home/bob/x', 'file:///home/[user]/x'],
  ['/var/home/bob:/usr/home/carl', '/var/home/[user]:/usr/home/[user]'],
  ['user ann (ann.lee) is not annotated', 'user [user] ([user]) is not annotated'],
  ['Zoë says', '[user] says'],
  ['host lab-7.example.org, lab-7, lab-77', 'host [host], [host], lab-77'],
  ['ticket 0123456789abcdef0123456789abcdef', 'ticket [ticket]'],
  ['GITHUB_TOKEN=ghp_abc DEBUG=1', 'GITHUB_TOKEN=[masked] DEBUG=1'],
  ['{"password": "a b c"}', '{"password": [masked]}'],
  ['Authorization: Bearer abc.def', 'Authorization: [masked]'],
  ['https://me:pw@example.net/x', 'https://[account]@example.net/x'],
  ['mail ann.lee@example.org now', 'mail [address] now'],
])('masks: %s', (text, masked) => {
  expect(mask(text)).toBe(masked);
  expect(mask(masked)).toBe(masked);
});

test('hostile content stays in its place: fences, tables, escape sequences, directions', () => {
  const hostile = [
    '```',
    '````',
    '# heading\u001b[2J',
    '</details><img src=x onerror=y>',
    '\u202e| a |',
    'x'.repeat(50_000),
  ];
  const text = diagnosticsText(
    {
      ...facts,
      versions: [['Isolab', 'a | b\n# not a heading <b>']],
      settings: { 'isolab.socket': '`\n## not a heading' },
      extensionLog: hostile,
    },
    t,
    mask,
  );
  expect(text.split('\n').filter((line) => line.startsWith('#'))).toEqual([
    '# Diagnostics of Isolab',
    '## Findings',
    '## Missing features',
    '## Settings',
    '## Log of the helper',
    '## Log of the extension',
    '# heading\\x1b[2J',
  ]);
  expect(text).toContain('| Isolab | a \\| b\\n# not a heading &lt;b> |');
  expect(text).toMatch(/^`````text\n```\n````\n# heading/m);
  expect(text).toMatch(/x{50000}\n`````\n$/);
  for (const unsafe of ['\u001b', '\u202e']) expect(text).not.toContain(unsafe);
});

test('a name that means something in an expression is still only a name', () => {
  const odd = maskOf({ names: ['a.b', '(x', '$1', 'user'], homes: ['/data/(x'], hosts: ['[h]'] });
  expect(odd('a.b axb (x $1 /data/(x/y user')).toBe('[user] axb [user] [user] ~/y [user]');
});

test('masking takes no longer than reading', () => {
  const start = performance.now();
  for (const piece of ['/home/', 'token=', 'a@', 'a.', '"', ':', '0123456789abcdef']) mask(piece.repeat(20_000));
  expect(performance.now() - start).toBeLessThan(3000);
});

test('persons are accounts from 1000 up; the distribution is what os-release calls itself', () => {
  const passwd =
    'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/srv/people/ann:/bin/sh\nnobody:x:65534:1::/:/x\nbroken\n';
  expect(people(passwd)).toEqual([{ name: 'ann', home: '/srv/people/ann' }]);
  expect(distribution('NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n')).toBe(
    'Debian GNU/Linux 13 (trixie)',
  );
  expect(distribution("ID=arch\nNAME='Arch Linux'\n")).toBe('Arch Linux');
  expect(distribution('')).toBe('?');
});

test('the last lines of a log', () => {
  expect(lastLines('a\nb\nc\n', 2)).toEqual(['b', 'c']);
  expect(lastLines('')).toEqual([]);
});
