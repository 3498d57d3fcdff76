import { Field, Int, ArgsType, ObjectType } from 'type-graphql';
import { DateTime, SafeInt } from './scalars.ts';

@ObjectType({ description: 'How far a projection is in the partitions of one topic.' })
export class ProjectionPosition {
  @Field(() => String, { description: 'The name of the projection.' })
  readonly projection!: string;

  @Field(() => String, { description: 'The topic that it is folded from.' })
  readonly topic!: string;

  @Field(() => [SafeInt], { description: 'The last offset that is in, by partition; -1 for none.' })
  readonly offsets!: readonly number[];
}

/** Fields of every answer that comes from projections. */
@ObjectType({ description: 'An answer that says where in the log it stands.' })
export abstract class Positioned {
  @Field(() => String, {
    description:
      'What this answer reflects, as an opaque text. Given to another query as `atLeast`, that answer reflects no less.',
  })
  readonly position!: string;

  @Field(() => [ProjectionPosition], { description: 'Where each projection that was read stands.' })
  readonly positions!: readonly ProjectionPosition[];
}

/** How to wait for what one has written or seen. */
@ArgsType()
export class AtLeastArgs {
  @Field(() => String, {
    nullable: true,
    description: 'A `position` of an earlier answer: this one waits until the read models are there, too.',
  })
  readonly atLeast?: string;

  @Field(() => Int, { defaultValue: 5_000, description: 'How long to wait for it, in ms; then the code is TIMEOUT.' })
  readonly timeoutMs: number = 5_000;
}

/** Of which instant. */
@ArgsType()
export class AtArgs extends AtLeastArgs {
  @Field(() => DateTime, {
    nullable: true,
    description: 'As of this instant, with what is known now; the present when absent.',
  })
  readonly at?: Date;
}
