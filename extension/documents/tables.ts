// Tables as plain text, aligned by what a monospaced font shows: Chinese characters are two cells wide. Pure.
import type { Finding, Greeting } from '../../helper/rpc/contract/helper';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Comparison, Namespace } from '../../helper/rpc/contract/namespace';
import type { Process } from '../../helper/rpc/contract/process';
import { coded, feature, type Translate } from '../../helper/rpc/contract/sentences';
import { hostIds } from '../views/namespaces-nodes';
import { kindMeaning, pidText } from '../views/namespaces-rows';
import { visible } from '../views/row';

export function comparisonText({ a, b, kinds }: Comparison, t: Translate): string {
  const verdict = (shared: boolean | undefined) =>
    shared === undefined ? t('not readable') : shared ? t('shared') : t('isolated');
  const rows = kinds.map(({ kind, a: left = '—', b: right = '—', shared }) => [
    kind,
    left,
    shared === undefined ? '?' : shared ? '=' : '≠',
    right,
    verdict(shared),
    kindMeaning(kind, t),
  ]);
  const isolated = kinds.filter(({ shared }) => shared === false).length;
  const shared = kinds.filter((row) => row.shared === true).length;
  return [
    t('Isolation of two processes'),
    '',
    ...table([
      ['A', who(a, t)],
      ['B', who(b, t)],
    ]),
    '',
    ...table([[t('kind'), 'A', '', 'B', '', t('what it isolates')], ...rows]),
    '',
    t('{isolated} isolated, {shared} shared. The same id is the same namespace.', { isolated, shared }),
    '',
  ].join('\n');
}

export function membershipText(process: Process, namespaces: readonly Namespace[], t: Translate): string {
  const host = hostIds(namespaces);
  const rows = KINDS.map((kind) => {
    const id = process.namespaces[kind];
    const whose = id === undefined ? t('not readable') : host.has(id) ? t('host') : t('isolated');
    return [kind, id ?? '—', whose, kindMeaning(kind, t)];
  });
  return [
    t('Namespaces of {process}', { process: who(process, t) }),
    '',
    ...table([[t('kind'), t('id'), '', t('what it isolates')], ...rows]),
    '',
  ].join('\n');
}

function who(process: Process, t: Translate): string {
  return `${visible(process.comm)}, ${pidText(process, t)}, uid ${process.uid}`;
}

/** Problems first, then warnings, then what is fine; the features of the kernel below. */
export function doctorText(findings: readonly Finding[], { kernel, features }: Greeting, t: Translate): string {
  const sections: [Finding['severity'], string][] = [
    ['problem', t('Problems')],
    ['warning', t('Warnings')],
    ['ok', t('In order')],
  ];
  const found = sections.flatMap(([severity, title]) => {
    const these = findings.filter((finding) => finding.severity === severity);
    if (these.length === 0) return [];
    const lines = these.flatMap(({ finding, mend }) => [
      `  • ${coded(finding, t)}`,
      ...(mend ? [`    → ${coded(mend, t)}`] : []),
    ]);
    return [title, ...lines, ''];
  });
  const listed = features.map(({ name, present, reason }) => {
    const why = reason ? ` — ${coded(reason, t)}` : '';
    return `  ${present ? '✓' : '✗'} ${feature(name, t)}${why}`;
  });
  return [t('Doctor report'), '', ...found, t('Features of kernel {kernel}', { kernel }), ...listed, ''].join('\n');
}

export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cells(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - cells(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** East Asian wide and full-width characters (Unicode TR 11), which take two cells of a monospaced font. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

function cells(text: string): number {
  return [...text].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}
