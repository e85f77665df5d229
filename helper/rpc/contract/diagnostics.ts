// What is known about this installation as Markdown, to be pasted into a report: the editor and the command line write the
// same. Without environments and command lines; the caller's mask goes over every piece of text.
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { escaped } from './escape';
import type { Diagnostics, Finding, Greeting } from './helper';
import { coded, feature, type Translate } from './sentences';

export interface Facts {
  /** Versions and the like: name and value. */
  readonly versions: readonly (readonly [name: string, value: string])[];
  /** What the helper says; else why there is none to ask. */
  readonly helper: HelperFacts | { readonly absent: string };
  /** Settings that are not as they come, by name; undefined where there are none to have. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The last lines of the extension's log. */
  readonly extensionLog?: readonly string[];
}

export interface HelperFacts {
  readonly greeting: Greeting;
  readonly findings: readonly Finding[];
  readonly diagnostics: Diagnostics;
}

/** Lines of a log that go into a report. */
export const LOG_LINES = 200;

export function diagnosticsText(facts: Facts, t: Translate, mask: (text: string) => string): string {
  const { helper } = facts;
  const known = 'absent' in helper ? undefined : helper;
  const state = known ? helperVersion(known, t) : t('none');
  const sections = [
    [t('Diagnostics of Isolab')],
    table([...facts.versions, [t('Helper'), state], ...(known ? helperRows(known, t) : [])], t),
    ...(known
      ? [
          titled(
            t('Findings'),
            known.findings.map((finding) => findingItem(finding, t)),
          ),
          titled(t('Missing features'), missing(known.greeting, t)),
        ]
      : [titled(t('Helper'), 'absent' in helper ? [helper.absent] : [])]),
    ...(facts.settings ? [titled(t('Settings'), settingItems(facts.settings))] : []),
    ...(known ? [log(t('Log of the helper'), known.diagnostics.log, t)] : []),
    ...(facts.extensionLog ? [log(t('Log of the extension'), facts.extensionLog, t)] : []),
  ];
  const [[heading = ''] = [], ...rest] = sections;
  return mask([`# ${heading}`, ...rest.map((lines) => lines.join('\n'))].join('\n\n')).concat('\n');

  /** Nothing found is worth saying, too. */
  function titled(title: string, items: readonly string[]): string[] {
    return [`## ${title}`, '', ...(items.length > 0 ? items.map((item) => `- ${item}`) : [t('none')])];
  }
}

/** The machine this runs on, as the first rows of a report. */
export function machineVersions(t: Translate): [name: string, value: string][] {
  return [
    [t('Kernel'), `${release()} ${process.arch}`],
    [t('Distribution'), distribution(readIfThere('/etc/os-release') ?? readIfThere('/usr/lib/os-release') ?? '')],
  ];
}

/** PRETTY_NAME of os-release(5), else what there is. */
export function distribution(osRelease: string): string {
  const value = (key: string) => new RegExp(`^${key}=(?:"([^"]*)"|'([^']*)'|(.*))$`, 'm').exec(osRelease);
  const text = (key: string) => value(key)?.slice(1).find(Boolean);
  return text('PRETTY_NAME') ?? text('NAME') ?? text('ID') ?? '?';
}

/** The last lines of a log's text, none of them empty at its end. */
export function lastLines(text: string, most = LOG_LINES): string[] {
  const whole = text.replace(/\n+$/, '');
  return whole === '' ? [] : whole.split('\n').slice(-most);
}

function helperVersion({ greeting }: HelperFacts, t: Translate): string {
  const realm = greeting.realm === 'host' ? t('host realm') : t('user realm');
  return `${greeting.version}, ${t('protocol {protocol}', { protocol: greeting.protocol })}, ${realm}`;
}

function helperRows({ greeting, diagnostics }: HelperFacts, t: Translate): [string, string][] {
  const { node, uptime, made } = diagnostics;
  const counts = Object.entries(made).map(([type, count]) => `${type} ${count}`);
  return [
    [t('Node of the helper'), node],
    [t('Kernel of the helper'), greeting.kernel],
    [t('Runs for'), t('{seconds} s', { seconds: Math.round(uptime) })],
    [t('Made by Isolab'), counts.join(', ') || t('none')],
  ];
}

function findingItem({ severity, finding, mend }: Finding, t: Translate): string {
  const mark = { problem: t('problem'), warning: t('warning'), ok: t('ok') }[severity];
  return `**${mark}** ${plain(coded(finding, t))}${mend ? ` → ${plain(coded(mend, t))}` : ''}`;
}

function missing({ features }: Greeting, t: Translate): string[] {
  return features
    .filter(({ present }) => !present)
    .map(({ name, reason }) => `${plain(feature(name, t))}${reason ? `: ${plain(coded(reason, t))}` : ''}`);
}

function settingItems(settings: NonNullable<Facts['settings']>): string[] {
  return Object.entries(settings).map(([name, value]) => `\`${name}\`: ${code(JSON.stringify(value) ?? 'undefined')}`);
}

function table(rows: readonly (readonly [string, string])[], t: Translate): string[] {
  const cell = (text: string) => plain(text).replaceAll('|', '\\|');
  return [
    `| ${t('What')} | ${t('Value')} |`,
    '|---|---|',
    ...rows.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`),
  ];
}

/** A fence that nothing in the log can close. */
function log(title: string, lines: readonly string[], t: Translate): string[] {
  if (lines.length === 0) return [`## ${title}`, '', t('none')];
  const longest = Math.max(2, ...(lines.join('\n').match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`## ${title}`, '', `${fence}text`, ...lines.map(escaped), fence];
}

function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `\`${escaped(text)}\`` : `${fence} ${escaped(text)} ${fence}`;
}

/** On one line, without HTML of somebody else's. */
function plain(text: string): string {
  return escaped(text).replaceAll('<', '&lt;');
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
