import { GraphQLError } from 'graphql';
import type { MiddlewareFn } from 'type-graphql';
import type { ApiContext } from './context.ts';

/** For what operates the shop: stock, simulator, reports, rebuilds. */
export const operatorOnly: MiddlewareFn<ApiContext> = ({ context }, next) => {
  if (context.operator) return next();
  throw new GraphQLError(
    'this operates the shop: send the header "authorization: Bearer <OPERATOR_TOKEN>" (over WebSocket: in the connection parameters)',
    { extensions: { code: 'FORBIDDEN' } },
  );
};
