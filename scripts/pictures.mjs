// The walkthrough's pictures: each is drawn once, for light themes, in media/walkthrough/NAME.svg; the dark and the two
// high-contrast ones differ in colours only and are made from it by `node scripts/pictures.mjs`. A test finds drift.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './lib/run.mjs';

const FOLDER = join(ROOT, 'media/walkthrough');

/** ink: lines and words; back: what things are made of; own, odd: what is isolated, what is told apart; faint: the rest. */
const PALETTES = {
  '': {
    ink: '#3b4148',
    back: '#ffffff',
    own: '#0a66b5',
    ownBack: '#e1effb',
    odd: '#b4530a',
    oddBack: '#fdebd8',
    faint: '#aab2bb',
  },
  '-dark': {
    ink: '#d0d4d9',
    back: '#26292d',
    own: '#5fb3ff',
    ownBack: '#12344f',
    odd: '#f3a95f',
    oddBack: '#4a2f16',
    faint: '#6b737c',
  },
  '-hc': {
    ink: '#ffffff',
    back: '#000000',
    own: '#6fc3df',
    ownBack: '#000000',
    odd: '#ffb347',
    oddBack: '#000000',
    faint: '#b8b8b8',
  },
  '-hc-light': {
    ink: '#1f1f1f',
    back: '#ffffff',
    own: '#0f4a85',
    ownBack: '#ffffff',
    odd: '#9a3b00',
    oddBack: '#ffffff',
    faint: '#5c5c5c',
  },
};

/** The classes that drawings are made of. */
function style({ ink, back, own, ownBack, odd, oddBack, faint }) {
  const line = 'stroke-width:2;stroke-linecap:round;stroke-linejoin:round';
  const rules = [
    `.line{fill:none;stroke:${ink};${line}}`,
    `.thing{fill:${back};stroke:${ink};${line}}`,
    `.own{fill:${ownBack};stroke:${own};${line}}`,
    `.odd{fill:${oddBack};stroke:${odd};${line}}`,
    `.faint{fill:none;stroke:${faint};${line}}`,
    `.link{fill:none;stroke:${own};${line}}`,
    `.way{fill:none;stroke:${odd};${line}}`,
    `.dash{stroke-dasharray:5 6}`,
    `.ink-dot{fill:${ink}}.own-dot{fill:${own}}.odd-dot{fill:${odd}}.faint-dot{fill:${faint}}`,
    `text{font:600 15px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;text-anchor:middle;fill:${ink}}`,
    `.own-word{fill:${own}}.odd-word{fill:${odd}}.small{font-size:13px}.start{text-anchor:start}.thick{stroke-width:4}`,
  ];
  return `<style>\n    ${rules.join('\n    ')}\n  </style>`;
}

/** Every picture that there must be: file name and text. */
export function pictures() {
  const drawn = readdirSync(FOLDER).filter((name) => /^[a-z]+\.svg$/.test(name));
  return drawn.flatMap((name) => {
    const drawing = readFileSync(join(FOLDER, name), 'utf8');
    return Object.entries(PALETTES).map(([suffix, palette]) => ({
      name: name.replace('.svg', `${suffix}.svg`),
      text: drawing.replace(/<style>[\s\S]*<\/style>/, () => style(palette)),
    }));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { name, text } of pictures()) writeFileSync(join(FOLDER, name), text);
}
