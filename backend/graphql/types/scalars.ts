/** The scalars that the schema is made of, under the names that it uses. */
export {
  GraphQLDateTimeISO as DateTime,
  GraphQLLocalDate as LocalDate,
  GraphQLSafeInt as SafeInt,
} from 'graphql-scalars';
