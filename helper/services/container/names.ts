// Names for containers that were given none: two words that are easy to say over the phone.
import { randomInt } from 'node:crypto';

const FIRST =
  'amber brisk calm clear crisp dusky early fair fleet fresh gentle glad hardy jolly keen late light lively lucid mellow neat nimble plain proud quick quiet rapid ready round rustic sharp silver sleek small smart snowy soft spry steady stout sunny swift tidy vivid warm wide witty young zesty'.split(
    ' ',
  );
const SECOND =
  'alder aspen badger beech birch bison cedar crane cypress dingo dove egret elm falcon fern finch fir gecko grouse hare hazel heron ibis iris jackal juniper kestrel lark larch lemur linden lotus lynx maple marten newt oak osprey otter panda pine plover quail rowan sorrel sparrow stork teal thistle tulip walnut willow wren yew'.split(
    ' ',
  );

/** One that nobody has; with a number behind it once two words do not suffice. */
export function newName(taken: (name: string) => boolean): string {
  const pick = (words: readonly string[]) => words[randomInt(words.length)];
  for (let tries = 0; ; tries++) {
    const name = `${pick(FIRST)}-${pick(SECOND)}${tries < 8 ? '' : `-${randomInt(10 ** Math.min(9, tries - 6))}`}`;
    if (!taken(name)) return name;
  }
}
