/** The scalars that the schema is made of, under the names that it uses. */
import { GraphQLScalarType } from 'graphql';
import { GraphQLSafeInt } from 'graphql-scalars';
import { BEYOND, beyondText } from '../../domain/exact.ts';
import { ShopError } from '../../ports/errors.ts';

export { GraphQLDateTimeISO as DateTime, GraphQLLocalDate as LocalDate } from 'graphql-scalars';

/** A sum that is beyond what can be given is an error of its own field, which has to be nullable; the others are given. */
export const SafeInt = new GraphQLScalarType({
  ...GraphQLSafeInt.toConfig(),
  serialize: (value) => {
    if (value === BEYOND) throw new ShopError('INEXACT', beyondText('this sum'));
    return GraphQLSafeInt.serialize(value);
  },
});
