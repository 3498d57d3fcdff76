import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { VerificationState as StateRead } from '../../live/verified.ts';
import { Positioned } from './positions.ts';
import { DateTime, SafeInt } from './scalars.ts';

const STATE: { readonly [S in StateRead]: S } = {
  VERIFIED: 'VERIFIED',
  BEHIND: 'BEHIND',
  DIFFERS: 'DIFFERS',
  NEVER: 'NEVER',
};
registerEnumType(STATE, {
  name: 'VerificationState',
  description: 'Whether the read models are what the log says.',
  valuesConfig: {
    VERIFIED: { description: 'Every document equals the independent fold of the log.' },
    BEHIND: { description: 'So it was when it was looked into; much has been folded since.' },
    DIFFERS: { description: 'Some document does not equal the independent fold.' },
    NEVER: { description: 'It was not looked into yet.' },
  },
});

@ObjectType({ description: 'Where a stored document is not what the log says.' })
export class DocumentDifference {
  @Field(() => String, { description: 'The document, as the store names it: topic/partition/key, or its id.' })
  readonly document!: string;

  @Field(() => String, { description: 'The names of the fields from the outside in, joined by dots; empty for all.' })
  readonly path!: string;

  @Field(() => String, { description: 'What the log says, as JSON.' })
  readonly expected!: string;

  @Field(() => String, { description: 'What is stored, as JSON.' })
  readonly actual!: string;
}

@ObjectType({ description: 'What was found out about one projection.' })
export class ProjectionVerification {
  @Field(() => String, { description: 'Its name.' })
  readonly name!: string;

  @Field(() => SafeInt, { description: 'Documents that were compared.' })
  readonly documents!: number;

  @Field(() => String, {
    description:
      'Of the stored documents with their positions, 32 hexadecimal digits: equal for equal documents, in any store.',
  })
  readonly digest!: string;

  @Field(() => String, { description: 'Of the documents that the log makes, folded independently.' })
  readonly expectedDigest!: string;

  @Field(() => SafeInt, { description: 'Documents that are not what the log says.' })
  readonly differenceCount!: number;

  @Field(() => DocumentDifference, { nullable: true, description: 'The first of them; null while there is none.' })
  readonly firstDifference!: DocumentDifference | null;
}

@ObjectType({
  description: 'Every document of every read model, held against an independent fold of the log, round after round.',
})
export class Verification extends Positioned {
  @Field(() => STATE, { description: 'What the last round found.' })
  readonly state!: StateRead;

  @Field(() => DateTime, { nullable: true, description: 'When the last round ended; null before the first.' })
  readonly at!: number | null;

  @Field(() => Int, { description: 'How long it took, in ms.' })
  readonly tookMs!: number;

  @Field(() => Int, { description: 'The least pause between two rounds, in seconds; 0 when there are none.' })
  readonly everySeconds!: number;

  @Field(() => SafeInt, { description: 'Records of the log that it covers.' })
  readonly records!: number;

  @Field(() => SafeInt, { description: 'Records that were folded since.' })
  readonly recordsBehind!: number;

  @Field(() => [ProjectionVerification], { description: 'Every projection.' })
  readonly projections!: readonly ProjectionVerification[];
}
