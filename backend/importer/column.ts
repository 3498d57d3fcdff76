/**
 * How a whole column is read. A text such as "01/03/2024" or "1.500" can be read in two ways; one way is chosen for
 * all the texts of a column, and only when the file itself leaves no other. Nothing is guessed value by value.
 */
import { isDeepStrictEqual } from 'node:util';

/** The texts of a column, each once, with the line on which it first stands. */
export type ColumnTexts = ReadonlyMap<string, number>;

/** What a text means in each way in which it can be read at all; empty for a text that means nothing. */
export type Readings<W extends string> = Readonly<Partial<Record<W, unknown>>>;

export type Verdict<W extends string> =
  /** The one way that fits every readable text. `line` excluded the last other one. */
  | { readonly kind: 'settled'; readonly way: W; readonly line: number }
  /** No text means different things in the ways that remain, so any of them is right. */
  | { readonly kind: 'indifferent'; readonly way: W }
  /** Several ways fit every text, and at least this text means something else in each. */
  | { readonly kind: 'undecided'; readonly ways: readonly W[]; readonly text: string; readonly line: number }
  /** No way fits every text: these lines exclude each other. */
  | { readonly kind: 'contradictory'; readonly lines: readonly [number, number] };

/** Decides over all texts of a column. `ways` is in the order of preference where it makes no difference. */
export function decideWay<W extends string>(
  ways: readonly W[],
  texts: ColumnTexts,
  readingsOf: (text: string) => Readings<W>,
): Verdict<W> {
  const excludedBy = new Map<W, number>();
  for (const [text, line] of texts) {
    const readings = readingsOf(text);
    const possible = ways.filter((way) => readings[way] !== undefined);
    if (possible.length === 0) continue;
    for (const way of ways) if (!possible.includes(way) && !excludedBy.has(way)) excludedBy.set(way, line);
  }
  const remaining = ways.filter((way) => !excludedBy.has(way));
  const [first, ...others] = remaining;
  if (first === undefined) return { kind: 'contradictory', lines: contradiction(ways, texts, readingsOf) };
  if (others.length === 0) return { kind: 'settled', way: first, line: Math.max(...excludedBy.values()) };
  for (const [text, line] of texts) {
    const readings = readingsOf(text);
    if (readings[first] === undefined) continue;
    if (others.some((way) => !isDeepStrictEqual(readings[way], readings[first]))) {
      return { kind: 'undecided', ways: remaining, text, line };
    }
  }
  return { kind: 'indifferent', way: first };
}

/** The first line that leaves one way only, and the first later one that this way does not fit. */
function contradiction<W extends string>(
  ways: readonly W[],
  texts: ColumnTexts,
  readingsOf: (text: string) => Readings<W>,
): [number, number] {
  let remaining = ways;
  let narrowedBy = 0;
  for (const [text, line] of texts) {
    const readings = readingsOf(text);
    const possible = ways.filter((way) => readings[way] !== undefined);
    if (possible.length === 0) continue;
    const left = remaining.filter((way) => possible.includes(way));
    if (left.length === 0) return [narrowedBy, line];
    if (left.length < remaining.length) narrowedBy = line;
    remaining = left;
  }
  return [narrowedBy, narrowedBy];
}
