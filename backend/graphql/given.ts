type Given<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

/** Without what is absent: GraphQL lets clients say null for it, too. */
export function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  ) as Given<T>;
}
