/** The schema of the API, made of the types and resolvers beside this file. */
import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { buildSchema, type PubSub } from 'type-graphql';
import { CommandResolver } from './resolvers/commands.ts';
import { EmailResolver } from './resolvers/emails.ts';
import { FigureResolver } from './resolvers/figures.ts';
import { OperationResolver } from './resolvers/operations.ts';
import { OrderResolver } from './resolvers/orders.ts';
import { ProductResolver } from './resolvers/products.ts';
import { ReportResolver } from './resolvers/reports.ts';
import { SimulatorResolver } from './resolvers/simulator.ts';
import { VerificationResolver } from './resolvers/verification.ts';

/** Every subscription brings an iteration of its own that keeps only the newest; this is asked for all the same. */
const unused = (): never => {
  throw new Error('no subscription goes through a PubSub');
};
const NO_PUB_SUB: PubSub = { publish: unused, subscribe: unused };

export function buildApiSchema(): Promise<GraphQLSchema> {
  return buildSchema({
    resolvers: [
      FigureResolver,
      ProductResolver,
      OrderResolver,
      EmailResolver,
      ReportResolver,
      OperationResolver,
      SimulatorResolver,
      VerificationResolver,
      CommandResolver,
    ],
    // Inputs are held against their types by GraphQL, and judged by the shop.
    validate: false,
    pubSub: NO_PUB_SUB,
  });
}
