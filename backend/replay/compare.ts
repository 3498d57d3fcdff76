/** The gate of a rebuild, and what it was for: the new generation and the live one against the independent fold. */
import { collectionIn, lineageOf, readGenerations, type Generation } from '../../projections/generations.ts';
import type { Projection } from '../../projections/projection.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { TOPICS_OF } from '../verify/expectation.ts';
import type { VerifiedProjection } from '../verify/result.ts';
import { verify } from '../verify/verify.ts';

export interface CompareOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly items: readonly { readonly projection: Projection; readonly generation: Generation }[];
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

export interface Verdict {
  /** Why the new generation must not become the live one; null when it may. */
  readonly wrong: string | null;
  /** Documents of the live generation that are not as they must be; null when it is of another version. */
  readonly differences: number | null;
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 5;

/** By projection name. Rejects as verify() does. */
export async function compare({
  log,
  models,
  items,
  onProgress,
  signal,
}: CompareOptions): Promise<Map<string, Verdict>> {
  const generations = await readGenerations(models);
  const fresh: Record<string, string> = {};
  const live: Record<string, string> = {};
  for (const { projection, generation } of items) {
    // A projection that the judge does not know has no gate to pass.
    if (TOPICS_OF[projection.name] === undefined) continue;
    fresh[projection.name] = collectionIn(projection.name, generation);
    const present = lineageOf(generations, projection).live;
    // Documents of another version are another thing.
    if (present.version === generation.version) live[projection.name] = collectionIn(projection.name, present);
  }
  const { projections, beside } = await verify({ log, models, collections: fresh, beside: live, onProgress, signal });
  return new Map(
    items.map(({ projection: { name } }) => [
      name,
      verdictOf(
        projections.find((each) => each.name === name),
        beside.find((each) => each.name === name),
      ),
    ]),
  );
}

function verdictOf(judged: VerifiedProjection | undefined, live: VerifiedProjection | undefined): Verdict {
  const count = judged?.differenceCount ?? 0;
  const examples = judged === undefined ? [] : examplesOf(judged);
  const wrong =
    count === 0
      ? null
      : `what was rebuilt differs from the independent fold in ${count} documents, so it did not become live: ${examples[0] ?? ''}`;
  return {
    wrong,
    differences: live?.differenceCount ?? null,
    examples: wrong === null && live !== undefined ? examplesOf(live) : examples,
  };
}

function examplesOf({ differences }: VerifiedProjection): string[] {
  return differences.slice(0, EXAMPLES_MAX).map(({ id, path, expected, actual }) => {
    const at = path === '' ? id : `${id} ${path}`;
    return `${at}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`;
  });
}
