// Renders docs/protocol.md from the contract: parameters from the schemas, results from the types in its sources.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { METHODS } from '../../helper/rpc/contract';
import { FEATURES } from '../../helper/rpc/contract/codes/features';
import { NEXT_STEPS, WHAT_HAPPENED } from '../../helper/rpc/contract/codes/kinds';
import { RULES } from '../../helper/rpc/contract/codes/rules';
import { ERROR_KINDS, ISOLAB_ERROR } from '../../helper/rpc/contract/errors';
import { TOPICS } from '../../helper/rpc/contract/events';
import { PROTOCOL_VERSION } from '../../helper/rpc/contract/protocol';
import * as terms from '../../helper/rpc/contract/terms';

const CONTRACT = join(import.meta.dirname, '../../helper/rpc/contract');

/** The part of JSON Schema that zod writes for the contract. */
interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  prefixItems?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  $defs?: Record<string, Schema>;
}

const named = z.registry<{ id: string }>();
for (const [id, term] of Object.entries(terms)) if (term instanceof z.ZodType) named.add(term, { id });

export function renderProtocol(): string {
  const methods = Object.values(METHODS);
  const nouns = [...new Set(methods.map(({ name }) => name.split('/')[0] as string))];
  const schemas = new Map(methods.map((one) => [one.name, schemaOf(one.params)]));
  const defs = Object.assign({}, ...[...schemas.values()].map((one) => one.$defs ?? {})) as Record<string, Schema>;
  return `${[
    '# Protocol of the helper',
    'Made from `helper/rpc/contract` by `node scripts/test.mjs unit test/unit/protocol-doc -u`; a test fails when it has drifted.',
    ...preamble(),
    '## Terms',
    'Words that several methods share.',
    table(
      ['term', 'form', 'rule'],
      Object.keys(defs)
        .sort()
        .map((name) => [`\`${name}\``, code(typeOf(defs[name] as Schema)), ruleOf(name)]),
    ),
    ...nouns.flatMap((noun) => [
      `## ${noun}`,
      ...methods
        .filter(({ name }) => name.startsWith(`${noun}/`))
        .flatMap(({ name, access, doc }) => [
          `### ${name}`,
          `${doc} *${access}*`,
          parameters(schemas.get(name) as Schema),
          `Result: ${code(resultOf(noun, name))}`,
        ]),
      ...typesOf(noun),
    ]),
  ].join('\n\n')}\n`;
}

function preamble(): string[] {
  return [
    `Version ${PROTOCOL_VERSION}. JSON-RPC 2.0 over a Unix stream socket, framed as in the Language Server Protocol: one \`Content-Length\` header, then a body of JSON in UTF-8. \`helper/hello\` comes first on each connection. Parameters are one object; unknown fields are refused. Every client command \`isolab call METHOD JSON\` reaches every method.`,
    'Access: *greet* is allowed before the greeting, *look* reads, *change* alters something and leaves a line in the audit file before it is answered.',
    '## Errors',
    `Refusals have the code ${ISOLAB_ERROR} and this \`data\`. \`rule\` and \`hint\` are codes with arguments; clients make sentences of them.`,
    block(declaration('errors', 'Coded'), declaration('errors', 'ErrorData')),
    table(
      ['kind', 'meaning', 'next step'],
      ERROR_KINDS.map((kind) => [`\`${kind}\``, WHAT_HAPPENED[kind], NEXT_STEPS[kind]]),
    ),
    '## Notifications',
    `\`changed\` goes to every greeted connection: ask again for what you show. Topics: ${TOPICS.map((topic) => `\`${topic}\``).join(', ')}.`,
    block(declaration('events', 'Changed')),
    '`container/event` goes to the greeted connections of the uid whose container it is, and to those of uid 0. What was told while a client did not read is to be seen in `container/list`.',
    block(declaration('events', 'ContainerEvent')),
    '## Features',
    'What the greeting lists as present or missing, by code.',
    table(
      ['feature', 'what it is'],
      Object.entries(FEATURES).map(([name, words]) => [`\`${name}\``, words]),
    ),
  ];
}

function schemaOf(params: z.ZodType): Schema {
  return z.toJSONSchema(params, { metadata: named, io: 'input' }) as Schema;
}

/** The sentence that a value gets which fits no term at all. */
function ruleOf(name: string): string {
  const term = Object.entries(terms).find(([id]) => id === name)?.[1];
  if (!(term instanceof z.ZodType)) return '';
  const said = ['no / thing', {}].flatMap((wrong) => term.safeParse(wrong).error?.issues ?? []);
  return said.map(({ message }) => RULES[message]).find((sentence) => sentence !== undefined) ?? '';
}

function parameters(schema: Schema): string {
  const own = schema.$ref ? (schema.$defs?.[schema.$ref.split('/').at(-1) as string] ?? schema) : schema;
  const rows = Object.entries(own.properties ?? {}).map(([name, one]) => [
    `\`${name}\`${own.required?.includes(name) ? '' : ' (optional)'}`,
    code(typeOf(one)),
  ]);
  return rows.length === 0 ? 'No parameters.' : table(['parameter', 'form'], rows);
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return schema.$ref.split('/').at(-1) as string;
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeOf).join(', ')}]`;
  if (schema.type === 'array') {
    const of = typeOf(schema.items ?? {});
    return `${/[ |]/.test(of) ? `(${of})` : of}[]${range(schema.minItems, schema.maxItems)}`;
  }
  if (schema.type === 'object') {
    const fields = Object.entries(schema.properties ?? {}).map(
      ([name, one]) => `${name}${schema.required?.includes(name) ? '' : '?'}: ${typeOf(one)}`,
    );
    return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
  }
  if (schema.type === 'string') {
    return schema.pattern === undefined ? `string${range(undefined, schema.maxLength)}` : `/${schema.pattern}/`;
  }
  return `${schema.type ?? 'any'}${range(schema.minimum, schema.maximum)}`;
}

function range(least: number | undefined, most: number | undefined): string {
  if (least === undefined && most === undefined) return '';
  return ` ${least ?? 0}..${most ?? ''}`;
}

/** The type argument of `.returns<…>()` that follows the method's name. */
function resultOf(noun: string, name: string): string {
  const text = source(noun);
  const from = text.indexOf('.returns<', text.indexOf(`name: '${name}'`)) + '.returns<'.length;
  return text
    .slice(from, text.indexOf('>()', from))
    .replace(/\s*\/\*\*.*?\*\/\s*/gs, ' ')
    .replace(/;?\s+/g, (gap) => (gap.startsWith(';') ? '; ' : ' '))
    .replace(/Record<never, never>/, '{}')
    .trim();
}

/** The interfaces of a noun's file, as they stand there. */
function typesOf(noun: string): string[] {
  const found = [...source(noun).matchAll(/^export interface (\w+)/gm)].map(([, name]) =>
    declaration(noun, name as string),
  );
  return found.length === 0 ? [] : [block(...found)];
}

function declaration(file: string, name: string): string {
  const text = source(file);
  const at = text.indexOf(`export interface ${name} `);
  if (at < 0) throw new Error(`no interface ${name} in ${file}.ts`);
  return text.slice(at, text.indexOf('\n}', at) + 2).replace(/^export /, '');
}

function source(file: string): string {
  return readFileSync(join(CONTRACT, `${file}.ts`), 'utf8');
}

function block(...declarations: string[]): string {
  return ['```ts', declarations.join('\n\n'), '```'].join('\n');
}

function table(header: string[], rows: string[][]): string {
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Code in a cell; the bar would end the cell. */
function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
