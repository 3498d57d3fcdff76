import { ArgsType, Field, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'Where a page of a list stands (Relay).' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether there may be more behind the page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether the page was asked for with `after`.' })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first entry.' })
  readonly startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'What to give as `after` for the next page.' })
  readonly endCursor!: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, { defaultValue: 20, description: 'Entries of the page, 1 to 100.' })
  readonly first: number = 20;

  @Field(() => String, { nullable: true, description: 'The cursor behind which the page begins.' })
  readonly after?: string;
}

/** A page as the queries answer it, as a Relay connection. */
export function connectionOf<T, U>(
  page: {
    readonly items: readonly { readonly cursor: string; readonly item: T }[];
    readonly hasNextPage: boolean;
    readonly endCursor?: string | null;
  },
  after: string | null | undefined,
  map: (item: T) => U,
): {
  readonly edges: readonly { readonly cursor: string; readonly node: U }[];
  readonly nodes: readonly U[];
  readonly pageInfo: PageInfo;
} {
  const edges = page.items.map(({ cursor, item }) => ({ cursor, node: map(item) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: typeof after === 'string',
      startCursor: edges[0]?.cursor ?? null,
      endCursor: page.endCursor ?? edges.at(-1)?.cursor ?? null,
    },
  };
}
