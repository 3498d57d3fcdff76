/**
 * The playground: GraphiQL with an example for each consumer, asking the server that it came from. Plain
 * JavaScript, as it is little more than a call and React's types are not among the project's packages.
 */
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import 'graphiql/graphiql.css';
import { createClient } from 'graphql-ws';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import './main.css';
import './workers.js';

const queries = import.meta.glob('./examples/*.graphql', { query: '?raw', import: 'default', eager: true });
const variables = import.meta.glob('./examples/*.variables.json', { query: '?raw', import: 'default', eager: true });

/** In the order of their files' names. */
const defaultTabs = Object.keys(queries)
  .sort()
  .map((file) => ({ query: queries[file], variables: variables[file.replace('.graphql', '.variables.json')] ?? null }));

const socketUrl = new URL('/graphql', location.href);
socketUrl.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  wsClient: createClient({ url: socketUrl.href, retryAttempts: Number.POSITIVE_INFINITY, shouldRetry: () => true }),
});

createRoot(document.getElementById('playground')).render(
  createElement(GraphiQL, { fetcher, defaultTabs, defaultEditorToolsVisibility: false, shouldPersistHeaders: false }),
);
