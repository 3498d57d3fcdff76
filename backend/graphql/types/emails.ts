import { ArgsType, Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PageArgs, PageInfo } from './page.ts';
import { DateTime } from './scalars.ts';

const DELIVERY_STATE = { QUEUED: 'QUEUED', WAITING: 'WAITING', DELIVERED: 'DELIVERED', GIVEN_UP: 'GIVEN_UP' } as const;
registerEnumType(DELIVERY_STATE, {
  name: 'EmailDeliveryState',
  description: 'How far a message got with the mail server.',
  valuesConfig: {
    QUEUED: { description: 'It is to be sent.' },
    WAITING: { description: 'The mail server did not take it, and is asked again.' },
    DELIVERED: { description: 'The mail server took it.' },
    GIVEN_UP: { description: 'The mail server refused it for good, or for a whole day.' },
  },
});

@ObjectType({ description: 'A message on its way to one recipient by SMTP.' })
export class EmailDelivery {
  @Field(() => ID, { description: "The order's id." })
  readonly orderId!: string;

  @Field(() => String, { description: "The recipient's address." })
  readonly to!: string;

  @Field(() => DELIVERY_STATE, { description: 'How far it got.' })
  readonly state!: keyof typeof DELIVERY_STATE;

  @Field(() => Int, { nullable: true, description: 'How often it was refused; null when it is not put aside.' })
  readonly tries!: number | null;

  @Field(() => String, { nullable: true, description: 'What the mail server said last; null when not put aside.' })
  readonly reason!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'The first try; null when it is not put aside.' })
  readonly firstTriedAt!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'The last try; null when it is not put aside.' })
  readonly lastTriedAt!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'The next try; null unless it is WAITING.' })
  readonly nextTryAt!: string | null;
}

@ObjectType({ description: 'A delivery in a list, with its cursor.' })
export class EmailDeliveryEdge {
  @Field(() => String, { description: 'May be given as `after`.' })
  readonly cursor!: string;

  @Field(() => EmailDelivery, { description: 'The delivery.' })
  readonly node!: EmailDelivery;
}

@ObjectType({ description: 'A page of deliveries.' })
export class EmailDeliveryConnection {
  @Field(() => [EmailDeliveryEdge], { description: 'The deliveries with their cursors.' })
  readonly edges!: readonly EmailDeliveryEdge[];

  @Field(() => [EmailDelivery], { description: 'The deliveries.' })
  readonly nodes!: readonly EmailDelivery[];

  @Field(() => PageInfo, { description: 'Where the page stands.' })
  readonly pageInfo!: PageInfo;
}

@ArgsType()
export class UndeliveredArgs extends PageArgs {
  @Field(() => Boolean, { defaultValue: false, description: 'Those that were given up, instead of those that wait.' })
  readonly givenUp: boolean = false;
}

@ObjectType({ description: 'The message that was sent to the customer of a handled order.' })
export class Email {
  @Field(() => ID, { description: "The order's id." })
  readonly orderId!: string;

  @Field(() => String, { description: "The customer's address." })
  readonly to!: string;

  @Field(() => String, { description: 'Its subject.' })
  readonly subject!: string;

  @Field(() => DateTime, { description: 'When the order was handled.' })
  readonly at!: string;

  @Field(() => String, { description: 'Where its file lies in the mailbox.' })
  readonly file!: string;

  @Field(() => Boolean, {
    description: 'Whether the file is there: history is not mailed unless asked, and the mailbox may be elsewhere.',
  })
  readonly written!: boolean;

  @Field(() => String, { description: 'What it says, as plain text.' })
  readonly text!: string;

  @Field(() => String, { description: 'The message as sent (RFC 5322).' })
  readonly source!: string;
}

@ObjectType({ description: 'A message in a list, with its cursor.' })
export class EmailEdge {
  @Field(() => String, { description: 'May be given as `after`.' })
  readonly cursor!: string;

  @Field(() => Email, { description: 'The message.' })
  readonly node!: Email;
}

@ObjectType({ description: 'A page of messages, those of orders handled last first.' })
export class EmailConnection {
  @Field(() => [EmailEdge], { description: 'The messages with their cursors.' })
  readonly edges!: readonly EmailEdge[];

  @Field(() => [Email], { description: 'The messages.' })
  readonly nodes!: readonly Email[];

  @Field(() => PageInfo, { description: 'Where the page stands.' })
  readonly pageInfo!: PageInfo;
}
