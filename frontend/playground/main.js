/**
 * The playground: GraphiQL with an example for each consumer, asking the server that it came from. Plain
 * JavaScript, as it is little more than a call and React's types are not among the project's packages.
 */
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { kept } from '../src/live/kept.ts';
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

const socket = createClient({
  url: socketUrl.href,
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
});

/** Subscriptions go over the socket; what is to run is seen from the text, however fresh. */
async function fetcher({ query, operationName, variables }, { headers } = {}) {
  const operation = operationOf(query, operationName);
  const asked = { query, operationName: operation?.name?.value ?? operationName, variables };
  if (operation?.operation === 'subscription') return socket.iterate(asked);
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(asked),
  });
  return response.json();
}

/**
 * The operation of that name, or the only one there is: just after a tab was chosen GraphiQL still gives the name
 * that the tab before had. Null when the text says nothing; the server tells best what is wrong with it.
 */
function operationOf(query, operationName) {
  try {
    const document = parse(query);
    return getOperationAST(document, operationName) ?? getOperationAST(document);
  } catch {
    return null;
  }
}

/** The tabs that somebody made are kept where the browser keeps anything; where it does not, GraphiQL's own would throw. */
const storage = { getItem: kept.get, setItem: kept.set, removeItem: kept.remove, clear: () => {}, length: 0 };

createRoot(document.getElementById('playground')).render(
  createElement(GraphiQL, {
    fetcher,
    storage,
    defaultTabs,
    defaultEditorToolsVisibility: false,
    shouldPersistHeaders: false,
  }),
);
