/** What browsers load: the dashboard, the playground, and folders of files that the shop writes. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyCompress from '@fastify/compress';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface PagesOptions {
  /** The built dashboard; null or not there: a page that says how to build it. */
  readonly staticDir: string | null;
  readonly playgroundDir: string | null;
  /** Folders whose files may be read, by the prefix of their addresses, e.g. "/reports/". */
  readonly filesDirs: Readonly<Record<string, string>>;
}

const PLAYGROUND_PREFIX = '/playground/';
/** Names in this folder hold a digest of what is in them. */
const HASHED = /[/\\]assets[/\\][^/\\]+$/;
const FOREVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';

/** Everything from this server. Monaco, the editor of the playground, starts workers and writes style elements. */
const PAGE_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** A file that somebody's order may have put words into is shown, not run. */
const FILE_POLICY = "default-src 'none'; sandbox";

/** Adds the pages. */
export async function servePages(server: FastifyInstance, options: PagesOptions): Promise<void> {
  const { staticDir, playgroundDir, filesDirs } = options;
  await server.register(fastifyCompress, { global: true, encodings: ['br', 'gzip', 'identity'] });
  for (const [prefix, root] of Object.entries(filesDirs)) await files(server, prefix, root);
  if (playgroundDir !== null) await built(server, PLAYGROUND_PREFIX, playgroundDir);
  if (staticDir !== null) await built(server, '/', staticDir);
  else server.get('/', (request, reply) => page(request, reply, null));
  server.setNotFoundHandler((request, reply) => {
    // An address of the dashboard's own, which its script will show.
    if (request.method === 'GET' && wantsPage(request)) return page(request, reply, staticDir);
    return reply.code(404).send({ error: 'there is nothing at this address' });
  });
}

/**
 * The address with its path made decodable: a "%" that encodes nothing stands for itself, as in the id of an order that
 * somebody typed. The router would answer such an address before anybody else is asked.
 */
export function decodableUrl(url: string): string {
  const end = url.search(/[?#]|$/);
  const path = url.slice(0, end).replaceAll(/%(?![0-9a-f]{2})|%(?=00)/gi, '%25');
  return (isDecodable(path) ? path : path.replaceAll('%', '%25')) + url.slice(end);
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Answers with the playground. */
export function sendPlayground(
  request: FastifyRequest,
  reply: FastifyReply,
  dir: string | null,
): Promise<FastifyReply> {
  return page(request, reply, dir, 'The playground is not built. Run: npm run build');
}

export function wantsPage(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/html') ?? false;
}

async function page(
  _request: FastifyRequest,
  reply: FastifyReply,
  dir: string | null,
  missing = 'The dashboard is not built. Run: npm run build. The API is at /graphql.',
): Promise<FastifyReply> {
  const file = dir === null ? null : join(dir, 'index.html');
  const html = file !== null && existsSync(file) ? await readFile(file, 'utf8') : plainPage(missing);
  return reply
    .header('content-security-policy', PAGE_POLICY)
    .header('cache-control', ASK_AGAIN)
    .type('text/html; charset=utf-8')
    .send(html);
}

function plainPage(text: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Shopstream</title><p>${text}</p></html>\n`;
}

/** A folder that a build wrote. */
async function built(server: FastifyInstance, prefix: string, root: string): Promise<void> {
  server.get(prefix, (request, reply) => page(request, reply, root));
  if (!existsSync(root)) return;
  await server.register(fastifyStatic, {
    root,
    prefix,
    index: false,
    decorateReply: false,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (response, path) => {
      response.setHeader('cache-control', HASHED.test(path) ? FOREVER : ASK_AGAIN);
      response.setHeader('content-security-policy', PAGE_POLICY);
    },
  });
}

/** A folder that is written while it is served. */
async function files(server: FastifyInstance, prefix: string, root: string): Promise<void> {
  await server.register(fastifyStatic, {
    root,
    prefix,
    index: false,
    decorateReply: false,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (response) => {
      response.setHeader('cache-control', ASK_AGAIN);
      response.setHeader('content-security-policy', FILE_POLICY);
    },
  });
}
