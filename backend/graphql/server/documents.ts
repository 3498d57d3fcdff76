/** Documents that clients send: parsed, and validated by the rules of GraphQL and by the limits. */
import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import {
  GraphQLError,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { limitExceeded } from './errors.ts';
import { DOCUMENT_CACHED_CHARS_MAX, DOCUMENTS_CACHED_MAX, type Limits } from './limits.ts';

/** The limits of a document as validation rules, for whoever validates. */
export function limitRules(limits: Limits): ValidationRule[] {
  // The rules throw by themselves, which ends the validation as if the server had failed.
  const report = {
    propagateOnRejection: false,
    onReject: [
      (context: ValidationContext | null, error: GraphQLError) => {
        context?.reportError(limitExceeded(error.message.replace(/^Syntax Error: /, '')));
      },
    ],
  };
  return [
    maxDepthRule({ n: limits.depthMax, flattenFragments: true, ...report }),
    costLimitRule({ maxCost: limits.costMax, depthCostFactor: 1, flattenFragments: true, ...report }),
    maxAliasesRule({ n: limits.aliasesMax, ...report }),
  ] as ValidationRule[];
}

/** The documents of the sockets: many send the same, which is then looked at once. */
export class Documents {
  readonly #schema: GraphQLSchema;
  readonly #tokensMax: number;
  readonly #rules: readonly ValidationRule[];
  readonly #valid = new Map<string, DocumentNode>();

  constructor(schema: GraphQLSchema, limits: Limits) {
    this.#schema = schema;
    this.#tokensMax = limits.tokensMax;
    this.#rules = [...specifiedRules, ...limitRules(limits)];
  }

  /** The document, or what is wrong with it. */
  read(query: string): DocumentNode | readonly GraphQLError[] {
    const known = this.#valid.get(query);
    if (known !== undefined) return known;
    let document: DocumentNode;
    try {
      document = parse(query, { maxLexicalTokens: this.#tokensMax });
    } catch (error) {
      return [coded(error as GraphQLError, 'GRAPHQL_PARSE_FAILED')];
    }
    const errors = validate(this.#schema, document, this.#rules);
    if (errors.length > 0) return errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
    this.#remember(query, document);
    return document;
  }

  #remember(query: string, document: DocumentNode): void {
    if (query.length > DOCUMENT_CACHED_CHARS_MAX) return;
    if (this.#valid.size >= DOCUMENTS_CACHED_MAX) {
      for (const oldest of this.#valid.keys()) {
        this.#valid.delete(oldest);
        break;
      }
    }
    this.#valid.set(query, document);
  }
}

function coded(error: GraphQLError, code: string): GraphQLError {
  const { nodes, source, positions } = error;
  return new GraphQLError(error.message, {
    ...(nodes === undefined ? { source, positions } : { nodes }),
    extensions: { code, ...error.extensions },
  });
}
