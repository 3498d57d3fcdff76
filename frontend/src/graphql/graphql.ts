/** `graphql(...)` gives documents whose variables and results are typed by the schema. */
import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './schema-types.d.ts';

export const graphql = initGraphQLTada<{
  introspection: introspection;
  disableMasking: true;
  scalars: { ID: string; DateTimeISO: string; LocalDate: string; SafeInt: number };
}>();

export type { ResultOf, VariablesOf } from 'gql.tada';
