// A disk of a shell as people write it: SIZE:DIR, the size in bytes or with K, M, G, T of 1024 each.

/** Undefined where it is not written so; whether it can be had is another matter. */
export function diskOf(text: string): { size: number; target: string } | undefined {
  const [, number = '', unit = '', target = ''] = /^([0-9]+)([KMGT]?):(\/.+)$/i.exec(text) ?? [];
  const size = Number(number) * 1024 ** ' KMGT'.indexOf(unit.toUpperCase() || ' ');
  return target !== '' && Number.isSafeInteger(size) ? { size, target } : undefined;
}
