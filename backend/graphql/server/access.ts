/** Who may ask, and as what: names of hosts, origins of pages, the operator's token. */
import { createHash, timingSafeEqual } from 'node:crypto';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether only this machine reaches a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * Whether the Host header names a server that listens at `host`. On a loopback address only its own names pass:
 * a page whose name was made to point at this machine would otherwise speak to it as if it were its own server.
 */
export function isHostAllowed(header: string | undefined, host: string): boolean {
  if (!isLoopback(host)) return true;
  const name = parsed(`http://${header ?? ''}`)?.hostname;
  return name !== undefined && (LOOPBACK_NAMES.has(name) || name === host);
}

/** Whether a page of this origin may open a socket. What sends no origin is not a browser. */
export function isOriginAllowed(
  origin: string | undefined,
  hostHeader: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  const from = parsed(origin);
  if (from === null) return false;
  return from.host === hostHeader?.toLowerCase() || allowed.some((each) => parsed(each)?.origin === from.origin);
}

/**
 * Tells from `Bearer <token>` whether it is the operator's. Without a token everybody is: such a server listens
 * on a loopback address only.
 */
export function operatorCheck(token: string | null): (authorization: unknown) => boolean {
  if (token === null) return () => true;
  const expected = digestOf(`Bearer ${token}`);
  return (authorization) =>
    typeof authorization === 'string' &&
    timingSafeEqual(digestOf(authorization.replace(/^bearer /i, 'Bearer ')), expected);
}

/** Digests have one length, and comparing them tells nothing of what is in them. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function parsed(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}
