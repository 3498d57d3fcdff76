import type { Given } from '../format/formats.ts';

/** The least number that is not below `value` and whose half is round, too: the grid has a line at both. */
export function niceMax(value: number): number {
  if (value <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 4, 6, 8]) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

/**
 * The top of a scale that grows at once and shrinks late: it stays while the highest value is above a third of
 * it, so that what is drawn does not jump up and down.
 */
export function steadyMax(before: number, highest: number): number {
  const nice = niceMax(highest);
  return nice > before || highest < before / 3 ? nice : before;
}

/** Of those that are given; 0 for none. */
export function highestOf(values: readonly Given[]): number {
  return values.reduce<number>((highest, value) => Math.max(highest, value ?? 0), 0);
}

/**
 * A line through values at x = 0, 1, 2…; y points up from 0 in the values' own unit, and scaling is left to a
 * transform. It has gaps where none is given.
 */
export function linePath(values: readonly Given[], count = values.length): string {
  let path = '';
  let pen = 'M';
  for (const [index, value] of values.slice(0, count).entries()) {
    if (value !== null) path += `${pen}${index} ${value}`;
    pen = value === null ? 'M' : 'L';
  }
  return path;
}

/** Bars without gaps from zero, as one shape: value i is as wide as 1 from x = i. Zero, and what is not given, has no height. */
export function stepPath(values: readonly Given[], count = values.length): string {
  if (count === 0) return '';
  let path = 'M0 0';
  for (let index = 0; index < count; index += 1) path += `V${values[index] ?? 0}H${index + 1}`;
  return `${path}V0Z`;
}

/** The upper edge of the same bars, as a line. */
export function edgePath(values: readonly Given[]): string {
  const isGap = (index: number): boolean => (values[index] ?? null) === null;
  return values
    .map((value, index) => (value === null ? '' : `${isGap(index - 1) ? `M${index} ` : 'V'}${value}H${index + 1}`))
    .join('');
}

/**
 * A power of ten that brings values down to a thousand and below: browsers draw paths with coordinates of few digits,
 * and cut off what lies far out, as sums in minor units do.
 */
export function pathUnit(highest: number): number {
  return highest <= 1_000 ? 1 : 10 ** (Math.ceil(Math.log10(highest)) - 3);
}

export function inUnits(values: readonly Given[], unit: number): readonly Given[] {
  return unit === 1 ? values : values.map((value) => (value === null ? null : Math.round((value / unit) * 100) / 100));
}
