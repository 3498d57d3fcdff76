/** The list of views as it changes: what is begun, completed, and dropped. All steps are pure but `changeViews`. */
import { isLeaseOut } from '../../projections/generations.ts';
import { changeMeta } from '../ports/change-meta.ts';
import { ShopError } from '../ports/errors.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { namesText, NO_VIEWS, VIEWS_META, type HalfBuilt, type View, type Views } from '../queries/views.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Changes the list by compare-and-set; `change` may be called again. Resolves to what holds now. */
export async function changeViews(
  models: Pick<ReadModels, 'getMeta' | 'putMeta'>,
  change: (present: Views) => Views,
): Promise<Views> {
  return changeMeta(models, { name: VIEWS_META, what: 'the list of views', absent: NO_VIEWS }, change);
}

export interface BeginView {
  readonly view: Omit<View, 'collections'>;
  /** Projection names with their versions. */
  readonly projections: readonly { readonly name: string; readonly version: number }[];
  readonly owner: string;
  readonly now: number;
  readonly replace: boolean;
  /** Whoever began what is half-built cannot be at it any more. */
  readonly sole: boolean;
}

/** Begins a view, or goes on with the same one that was left half-built. Throws BAD_INPUT. */
export function begunView(present: Views, options: BeginView): Views {
  const { view, projections, owner, now, replace, sole } = options;
  const { name } = view;
  if (!NAME.test(name)) {
    throw new ShopError('BAD_INPUT', `"${name}" is no name for a view: small letters, digits and '-', 40 at most`);
  }
  if (Object.hasOwn(present.ready, name) && !replace) {
    throw new ShopError('BAD_INPUT', `there is a view "${name}" already; choose another name, or --replace it`);
  }
  const half = present.building[name];
  if (half !== undefined && half.owner !== owner && !sole && !isLeaseOut(half.renewedAt, now)) {
    throw new ShopError('BAD_INPUT', `the view "${name}" is being built; wait for it`);
  }
  if (half !== undefined && isSame(half, options)) {
    const taken: HalfBuilt = { ...half, owner, renewedAt: now, error: null };
    return { ...present, building: { ...present.building, [name]: taken } };
  }
  const collections = Object.fromEntries(
    projections.map((each) => {
      const collection = `${each.name}-v${each.version}-view-${name}-${present.next}`;
      return [each.name, { collection, version: each.version }];
    }),
  );
  const begun: HalfBuilt = { ...view, collections, owner, renewedAt: now, error: null };
  const leaving = half === undefined ? present.leaving : [...present.leaving, ...collectionsOf(half)];
  return { ...present, building: { ...present.building, [name]: begun }, leaving, next: present.next + 1 };
}

function isSame(half: HalfBuilt, { view, projections }: BeginView): boolean {
  const until = JSON.stringify(half.until) === JSON.stringify(view.until);
  const versions = Object.entries(half.collections).map(([name, { version }]) => `${name} ${version}`);
  return (
    until &&
    versions.sort().join() ===
      projections
        .map(({ name, version }) => `${name} ${version}`)
        .sort()
        .join()
  );
}

/** Changes what this owner builds; what somebody else has taken over stays as it is. */
export function withHalf(present: Views, name: string, owner: string, change: Partial<HalfBuilt>): Views {
  const half = present.building[name];
  if (half?.owner !== owner) return present;
  return { ...present, building: { ...present.building, [name]: { ...half, ...change } } };
}

/** From now on the view answers; the one that bore its name before is to be dropped. */
export function completed(present: Views, name: string, owner: string): Views {
  const half = present.building[name];
  if (half?.owner !== owner) return present;
  const { owner: _, renewedAt: __, error: ___, ...view } = half;
  const former = present.ready[name];
  const leaving = former === undefined ? present.leaving : [...present.leaving, ...collectionsOf(former)];
  return {
    ...present,
    ready: { ...present.ready, [name]: view },
    building: without(present.building, name),
    leaving,
  };
}

/** Neither complete nor half-built. */
export function dropped(present: Views, name: string): Views {
  const gone = [present.ready[name], present.building[name]].filter((each) => each !== undefined);
  if (gone.length === 0) {
    throw new ShopError('BAD_INPUT', `there is no view "${name}"; ${namesText(present.ready, present.building)}`);
  }
  return {
    ...present,
    ready: without(present.ready, name),
    building: without(present.building, name),
    leaving: [...present.leaving, ...gone.flatMap(collectionsOf)],
  };
}

export function collectionsOf({ collections }: View): string[] {
  return Object.values(collections).map(({ collection }) => collection);
}

function without<T>(all: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([each]) => each !== name));
}
