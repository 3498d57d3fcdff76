/**
 * Views of the past: read models that were folded up to an instant or a position and then left as they are, each
 * under a name, in collections of its own. What there is stands in one small document, the list of views.
 */
import { PROJECTIONS } from '../../projections/index.ts';
import { ShopError } from '../ports/errors.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { Collections } from './collections.ts';

/** Up to where the log was folded: events before an instant, or those up to a position. */
export type ViewUntil =
  { readonly kind: 'instant'; readonly at: number } | { readonly kind: 'position'; readonly text: string };

export interface View {
  readonly name: string;
  readonly until: ViewUntil;
  /** The instant that its figures are of unless another one is asked for, epoch ms. */
  readonly asOf: number;
  /** By projection name. */
  readonly collections: Readonly<Record<string, { readonly collection: string; readonly version: number }>>;
  /** By topic: the first offset of each partition that is not in. */
  readonly ends: Readonly<Record<string, readonly number[]>>;
  /** Topics of which only what was before `asOf`, or at it, is in. */
  readonly byTime: readonly string[];
  readonly startedAt: number;
}

/** One that is not complete: nothing answers from it. */
export interface HalfBuilt extends View {
  /** A token of whoever builds it, and its last sign of life, epoch ms. */
  readonly owner: string;
  readonly renewedAt: number;
  readonly error: string | null;
}

export interface Views {
  readonly ready: Readonly<Record<string, View>>;
  readonly building: Readonly<Record<string, HalfBuilt>>;
  /** Collections that are to be dropped. */
  readonly leaving: readonly string[];
  /** The number of the next one, so that no collection's name comes twice. */
  readonly next: number;
}

export const VIEWS_META = 'views';
export const NO_VIEWS: Views = { ready: {}, building: {}, leaving: [], next: 1 };
const READ_TRIES_MAX = 5;

/** Rejects with UNAVAILABLE or STORAGE. */
export async function readViews(models: Pick<ReadModels, 'getMeta'>): Promise<Views> {
  return ((await models.getMeta(VIEWS_META)) as Views | null) ?? NO_VIEWS;
}

/**
 * Answers from a view: `read` gets the view and its collections, and is asked again when the view was replaced
 * meanwhile. Rejects with BAD_INPUT when there is no such view, or it lacks one of the projections.
 */
export async function readView<T>(
  models: Pick<ReadModels, 'getMeta'>,
  name: string,
  projections: readonly string[],
  read: (view: View, collections: Collections) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const view = viewOf(await readViews(models), name);
    const answer = await read(view, collectionsIn(view, projections));
    // Its collections may have been dropped on the way.
    const after = (await readViews(models)).ready[name];
    if (after?.startedAt === view.startedAt || tries === READ_TRIES_MAX) return answer;
  }
}

function viewOf({ ready, building }: Views, name: string): View {
  const found = Object.hasOwn(ready, name) ? ready[name] : undefined;
  if (found !== undefined) return found;
  const half = Object.hasOwn(building, name) ? ' that is complete' : '';
  throw new ShopError('BAD_INPUT', `there is no view "${name}"${half}; ${namesText(ready)}`);
}

/** "there are evening, noon": the names of all of these views, each once. */
export function namesText(...views: readonly Readonly<Record<string, View>>[]): string {
  const names = [...new Set(views.flatMap((each) => Object.keys(each)))].sort();
  return names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
}

function collectionsIn({ name, collections }: View, projections: readonly string[]): Collections {
  const found = projections.map((projection) => {
    const own = collections[projection];
    if (own === undefined) {
      const has = Object.keys(collections).join(', ');
      throw new ShopError('BAD_INPUT', `the view "${name}" has ${has} and lacks ${projection}; build it of all`);
    }
    const version = PROJECTIONS.find((each) => each.name === projection)?.version;
    if (own.version !== version) {
      const message = `the view "${name}" has ${projection} in version ${own.version}, which this program cannot read; build it again with --replace`;
      throw new ShopError('BAD_INPUT', message);
    }
    return [projection, own.collection] as const;
  });
  return Object.fromEntries(found);
}
