/** What somebody may have meant. */
import { closest, distance } from 'fastest-levenshtein';

/** A third of its letters may be wrong: with more, any name is near some other. */
const WRONG_SHARE_MAX = 1 / 3;

/** The one of `known` that `text` is a slip of, whatever its case; null when none is near. */
export function nearest(text: string, known: readonly string[]): string | null {
  const lower = known.map((each) => each.toLowerCase());
  const found = closest(text.toLowerCase(), lower);
  const wrong = distance(text.toLowerCase(), found);
  return wrong <= Math.max(1, found.length * WRONG_SHARE_MAX) ? (known[lower.indexOf(found)] ?? null) : null;
}
