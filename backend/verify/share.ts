/** Which documents one pass looks at, so that the memory that it takes does not grow with the log. */

/** The documents of some partition numbers; of these, the ones whose id falls into one of `slices` equal slices. */
export interface Share {
  readonly partitions: ReadonlySet<number>;
  /** 0 ≤ slice < slices. */
  readonly slice: number;
  readonly slices: number;
}

export interface PlannedPass extends Share {
  /** About how many records are read for it, from each partition's first. */
  readonly records: number;
}

/** Whether a document with this id (of a merged one) or key (of a folded one) is in the share's slice. */
export function isInSlice({ slice, slices }: Share, id: string): boolean {
  return slices === 1 || fnv1a(id) % slices === slice;
}

/** What is looked at once, and belongs to no document: a checkpoint, a document of a partition that there is not. */
export function isFirst({ partitions, slice }: Share): boolean {
  return partitions.has(0) && slice === 0;
}

/**
 * Partition numbers in groups of no more than `recordsMax` records. A number that has more by itself is read several
 * times, each time for a slice of its documents.
 */
export function planPasses(counts: readonly number[], recordsMax: number): PlannedPass[] {
  const groups: { readonly partitions: number[]; records: number }[] = [];
  for (const [partition, count] of counts.entries()) {
    const group = groups.at(-1);
    if (group === undefined || group.records + count > recordsMax) {
      groups.push({ partitions: [partition], records: count });
    } else {
      group.partitions.push(partition);
      group.records += count;
    }
  }
  return groups.flatMap(({ partitions, records }) => {
    const slices = Math.max(1, Math.ceil(records / recordsMax));
    return Array.from({ length: slices }, (_, slice) => ({ partitions: new Set(partitions), records, slice, slices }));
  });
}

/** Fowler, Noll and Vo's hash of 32 bits, over UTF-16 units. */
function fnv1a(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
