import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { Health as HealthRead } from '../../live/progress.ts';
import { DateTime, LocalDate, SafeInt } from './scalars.ts';

const MODE = { EMBEDDED: 'EMBEDDED', ENGINES: 'ENGINES' } as const;
registerEnumType(MODE, {
  name: 'Mode',
  description: 'What the program runs on.',
  valuesConfig: {
    EMBEDDED: { description: 'One process with an embedded log and embedded read models.' },
    ENGINES: { description: 'Apache Kafka and MongoDB.' },
  },
});

@ObjectType({ description: 'The shop, and what it runs on.' })
export class Shop {
  @Field(() => String, { description: 'Its name.' })
  readonly name!: string;

  @Field(() => String, { description: 'Its time zone (IANA name), in which days begin.' })
  readonly timeZone!: string;

  @Field(() => String, { description: 'ISO 4217 code of every amount.' })
  readonly currency!: string;

  @Field(() => Int, {
    description: 'How many digits of every amount are behind the decimal point: 2 for SEK, 0 for JPY.',
  })
  readonly minorDigits!: number;

  @Field(() => MODE, { description: 'Embedded, or on engines.' })
  readonly mode!: keyof typeof MODE;

  @Field(() => String, { description: 'What keeps the event log.' })
  readonly log!: string;

  @Field(() => String, { description: 'What keeps the read models.' })
  readonly readModels!: string;

  @Field(() => DateTime, { description: 'The present instant.' })
  readonly now!: number;

  @Field(() => LocalDate, { description: 'The present day in its zone.' })
  readonly day!: string;

  @Field(() => String, { description: 'The version of the program.' })
  readonly version!: string;

  @Field(() => Boolean, {
    description:
      'Whether what operates the shop (stock, simulator, reports, rebuilds) needs a token that you did not give.',
  })
  readonly operatorTokenNeeded!: boolean;
}

@ObjectType({ description: 'How far a projection is in one partition.' })
export class PartitionProgress {
  @Field(() => String, { description: 'The topic.' })
  readonly topic!: string;

  @Field(() => Int, { description: 'The number of the partition.' })
  readonly partition!: number;

  @Field(() => SafeInt, { description: 'The last offset that is in; -1 for none.' })
  readonly position!: number;

  @Field(() => SafeInt, { description: 'The next offset that the log will give.' })
  readonly end!: number;
}

const HEALTH: { readonly [H in HealthRead]: H } = {
  FOLLOWING: 'FOLLOWING',
  CATCHING_UP: 'CATCHING_UP',
  STALLED: 'STALLED',
  STOPPED: 'STOPPED',
};
registerEnumType(HEALTH, {
  name: 'Health',
  description: 'How a projection is doing.',
  valuesConfig: {
    FOLLOWING: { description: 'It has everything that is older than a moment.' },
    CATCHING_UP: { description: 'It is behind, and moves on.' },
    STALLED: { description: 'It is behind, and does not move: nobody folds it.' },
    STOPPED: { description: 'Its fold failed. The reason says why.' },
  },
});

@ObjectType({ description: 'A projection: what is folded from which topics, and how far it is.' })
export class Projection {
  @Field(() => String, { description: 'Its name.' })
  readonly name!: string;

  @Field(() => Int, { description: 'The version of its fold.' })
  readonly version!: number;

  @Field(() => Int, { description: 'Which rebuild the present documents are of.' })
  readonly generation!: number;

  @Field(() => [String], { description: 'The topics that it is folded from.' })
  readonly topics!: readonly string[];

  @Field(() => [PartitionProgress], { description: 'Every partition of them.' })
  readonly partitions!: readonly PartitionProgress[];

  @Field(() => SafeInt, { description: 'Offsets that are not in yet; transaction markers count, too.' })
  readonly lagRecords!: number;

  @Field(() => Int, { description: 'For how long the oldest of them has been waiting, in ms.' })
  readonly lagMs!: number;

  @Field(() => Float, { description: 'Records folded in a second, over the last few.' })
  readonly recordsPerSecond!: number;

  @Field(() => HEALTH, { description: 'How it is doing.' })
  readonly health!: HealthRead;

  @Field(() => String, { nullable: true, description: 'Why it stands still; null while all is well.' })
  readonly reason!: string | null;
}

@ObjectType({ description: 'A record that could not be decoded.' })
export class DeadLetter {
  @Field(() => String, { description: 'The topic that it is in.' })
  readonly topic!: string;

  @Field(() => Int, { description: 'The partition.' })
  readonly partition!: number;

  @Field(() => SafeInt, { description: 'The offset.' })
  readonly offset!: number;

  @Field(() => DateTime, { description: 'When it was put aside.' })
  readonly at!: string;

  @Field(() => String, { description: 'What is wrong with it.' })
  readonly cause!: string;

  @Field(() => String, { nullable: true, description: "The record's key." })
  readonly key!: string | null;

  @Field(() => String, { nullable: true, description: 'The beginning of its value, as text.' })
  readonly value!: string | null;
}

@ObjectType({ description: 'Records that could not be decoded. Nothing is lost: they are where they always were.' })
export class DeadLetters {
  @Field(() => SafeInt, { description: 'How many there are.' })
  readonly total!: number;

  @Field(() => [DeadLetter], { description: 'The ones put aside last, newest first.' })
  readonly letters!: readonly DeadLetter[];
}

const REBUILD_STATE = {
  FOLDING: 'FOLDING',
  COMPARING: 'COMPARING',
  SWAPPED: 'SWAPPED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const;
registerEnumType(REBUILD_STATE, {
  name: 'RebuildState',
  description: 'How far a rebuild is.',
  valuesConfig: {
    FOLDING: { description: 'The log is being folded into a new generation, beside the live one.' },
    COMPARING: { description: 'The new generation is being held against an independent fold of the log.' },
    SWAPPED: { description: 'The new generation answers.' },
    FAILED: { description: 'It was given up; the live generation is as it was.' },
    CANCELLED: { description: 'It was stopped; the live generation is as it was.' },
  },
});

@ObjectType({ description: 'A rebuild of a projection from the log, under way or ended.' })
export class Rebuild {
  @Field(() => String, { description: 'The name of the projection.' })
  readonly projection!: string;

  @Field(() => Int, { description: 'The generation that is being built.' })
  readonly generation!: number;

  @Field(() => REBUILD_STATE, { description: 'How far it is.' })
  readonly state!: keyof typeof REBUILD_STATE;

  @Field(() => SafeInt, { description: 'Records folded.' })
  readonly records!: number;

  @Field(() => SafeInt, { description: 'Records to fold; grows with the log.' })
  readonly total!: number;

  @Field(() => Float, { description: 'Records folded in a second.' })
  readonly recordsPerSecond!: number;

  @Field(() => Float, { nullable: true, description: 'How long folding will still take, as far as can be told.' })
  readonly secondsLeft!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Documents of the former generation that were not what the log says; null until it was compared.',
  })
  readonly differences!: number | null;

  @Field(() => String, { nullable: true, description: 'Why it failed.' })
  readonly error!: string | null;

  @Field(() => DateTime, { description: 'When it began.' })
  readonly startedAt!: string;

  @Field(() => DateTime, { nullable: true, description: 'When it ended; null while it is under way.' })
  readonly endedAt!: string | null;
}
