import { Field, Float, InputType, Int, ObjectType } from 'type-graphql';
import { DateTime, SafeInt } from './scalars.ts';

@ObjectType({
  description:
    'How orders are drawn to be handled. It stands in every order, so that a change never touches those that are placed.',
})
export class HandlingPolicy {
  @Field(() => Float, { description: 'The chance that one attempt handles the order, 0 to 1.' })
  readonly chance!: number;

  @Field(() => SafeInt, { description: 'The mean delay before an attempt, in ms.' })
  readonly delayMs!: number;

  @Field(() => Int, { description: 'How many attempts are made at the most.' })
  readonly attempts!: number;
}

@ObjectType({ description: 'More orders for a while.' })
export class Burst {
  @Field(() => Float, { description: 'Orders a second until then.' })
  readonly ordersPerSecond!: number;

  @Field(() => DateTime, { description: 'When it ends.' })
  readonly until!: string;
}

@ObjectType({ description: 'The simulator, as it was configured last. It follows within a second.' })
export class Simulator {
  @Field(() => Float, { description: 'Orders a second, on the average of a day.' })
  readonly ordersPerSecond!: number;

  @Field(() => Boolean, { description: 'Whether it places no orders at present.' })
  readonly paused!: boolean;

  @Field(() => HandlingPolicy, { description: 'What the orders it places are drawn by.' })
  readonly handling!: HandlingPolicy;

  @Field(() => Burst, { nullable: true, description: 'A burst that has not ended; null without one.' })
  readonly burst!: Burst | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was configured; null when it never was.' })
  readonly configuredAt!: string | null;
}

@InputType({ description: 'What is absent stays as it is.' })
export class HandlingPolicyInput {
  @Field(() => Float, { nullable: true, description: '0 to 1.' })
  readonly chance?: number;

  @Field(() => SafeInt, { nullable: true, description: 'In ms, at most a year.' })
  readonly delayMs?: number;

  @Field(() => Int, { nullable: true, description: '1 to 1,000.' })
  readonly attempts?: number;
}

@InputType({ description: 'More orders for a while.' })
export class BurstInput {
  @Field(() => Float, { description: 'Orders a second.' })
  readonly ordersPerSecond!: number;

  @Field(() => Int, { description: 'For how long, 1 to 3,600.' })
  readonly seconds!: number;
}

@InputType({ description: 'What is absent stays as it is.' })
export class ConfigureSimulatorInput {
  @Field(() => Float, { nullable: true, description: 'Orders a second, on the average of a day.' })
  readonly ordersPerSecond?: number;

  @Field(() => Boolean, { nullable: true, description: 'Whether to place no orders.' })
  readonly paused?: boolean;

  @Field(() => HandlingPolicyInput, { nullable: true, description: 'What orders are drawn by from now on.' })
  readonly handling?: HandlingPolicyInput;

  @Field(() => BurstInput, { nullable: true, description: 'A burst that begins now.' })
  readonly burst?: BurstInput;
}
