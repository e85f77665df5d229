// The walkthrough as package.json declares it: its steps, links and pictures, and the lessons that tick them.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../extension/commands/ids';
import { targetOf } from '../../../extension/commands/target';
import { contextKey, LESSONS } from '../../../extension/walkthrough/lessons';
import { KINDS } from '../../../helper/rpc/contract/kinds';
import { pictures } from '../../../scripts/pictures.mjs';

const ROOT = join(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Step {
  id: string;
  title: string;
  description: string;
  media: { image: Record<string, string>; altText: string };
  completionEvents: string[];
}
const { contributes, publisher, name } = JSON.parse(read('package.json'));
const [walkthrough, ...others] = contributes.walkthroughs as { id: string; steps: Step[] }[];
const steps = walkthrough?.steps ?? [];
const LANGUAGES = ['package.nls.json', 'package.nls.zh-cn.json'] as const;

test('is one, by the name that First steps opens', () => {
  expect(others).toEqual([]);
  expect(read('extension/commands/steps.ts')).toContain(`'${publisher}.${name}#${walkthrough?.id}'`);
});

test('has a step for each lesson, ticked by its fact alone', () => {
  expect(steps.map(({ id }) => id)).toEqual([...LESSONS]);
  for (const { id, completionEvents } of steps) {
    expect(completionEvents).toEqual([`onContext:${contextKey(id as (typeof LESSONS)[number])}`]);
  }
});

describe.each(LANGUAGES)('in %s', (file) => {
  const words = JSON.parse(read(file)) as Record<string, string>;
  const of = (key: string) => words[key.replaceAll('%', '')] ?? '';

  test.each(steps.map((step) => [step.id, step] as const))(
    '%s has two or three sentences and one button',
    (_id, step) => {
      expect(of(step.title)).not.toBe('');
      expect(of(step.media.altText)).not.toBe('');
      const [text = '', button = '', ...more] = of(step.description).split('\n');
      expect(more).toEqual([]);
      expect(button).toMatch(/^\[[^\]]+\]\(command:isolab\.\w+\.\w+(\?[\w%.-]+)?\)$/);
      const sentences = text.replace(/\(command:[^)]*\)/g, '').match(/\.(\s|$)|。/g)?.length ?? 0;
      expect(sentences).toBeGreaterThanOrEqual(2);
      expect(sentences).toBeLessThanOrEqual(3);
    },
  );

  test('links call commands of ours, with nothing but kinds for a wizard', () => {
    const links = steps.flatMap(({ description }) => [
      ...of(description).matchAll(/\(command:([\w.]+)(?:\?([^)]*))?\)/g),
    ]);
    expect(links.length).toBeGreaterThanOrEqual(steps.length);
    for (const [, command = '', query] of links) {
      expect(Object.keys(COMMANDS)).toContain(command);
      if (query === undefined) continue;
      const argument: unknown = JSON.parse(decodeURIComponent(query));
      expect(command).toBe('isolab.session.open');
      expect(Object.keys(argument as object)).toEqual(['kinds']);
      expect(targetOf(argument, undefined)).toEqual({ nodes: [], ...(argument as object) });
    }
  });
});

test('a link of somebody else’s fills in kinds at most', () => {
  expect(targetOf({ kinds: ['uts', 'gpu'], command: ['sh'] }, undefined)).toEqual({ nodes: [], kinds: ['uts'] });
  expect(targetOf({ kinds: 'uts' }, undefined)).toEqual({ nodes: [] });
  expect(KINDS).toContain('uts');
});

describe('pictures', () => {
  const all = pictures();

  test('are there for every theme, of every step', () => {
    const named = steps
      .flatMap(({ media }) => Object.values(media.image))
      .map((path) => path.replace('media/walkthrough/', ''));
    expect(named.sort()).toEqual(all.map((picture) => picture.name).sort());
    expect(readdirSync(join(ROOT, 'media/walkthrough')).sort()).toEqual(all.map((picture) => picture.name).sort());
    for (const { media } of steps) expect(Object.keys(media.image)).toEqual(['light', 'dark', 'hc', 'hcLight']);
  });

  test.each(all.map((picture) => [picture.name, picture.text] as const))('%s is small and as drawn', (file, text) => {
    expect(read(`media/walkthrough/${file}`)).toBe(text);
    expect(statSync(join(ROOT, 'media/walkthrough', file)).size).toBeLessThan(8192);
    expect(text).not.toMatch(/<script|href|<image|\son\w+=/);
  });
});
