/** The shop, when it is in another process: the same interface, over its endpoint. */
import { setTimeout as pause } from 'node:timers/promises';
import { ShopError, type ShopErrorCode } from '../ports/errors.ts';
import type { CatalogueEntry, Command, Outcome, Shop } from './commands.ts';
import { isRepeatable } from './identity.ts';
import { REQUEST_CHARS_MAX, REQUEST_COMMANDS_MAX, REQUEST_TRIES_MAX, RETRY_FIRST_MS, RETRY_MAX_MS } from './limits.ts';

/** Codes with which it makes sense to send commands again that count once. */
const PASSING: ReadonlySet<string> = new Set<ShopErrorCode>(['UNAVAILABLE', 'UNKNOWN_OUTCOME', 'STORAGE', 'CLOSED']);
/** Errors of the connection after which certainly nothing has arrived. */
const NOT_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/**
 * Talks to the shop at `url`. Many commands are sent as several requests, one after the other: if one fails, those
 * before it stand. Commands that all count once however often they come (keyed ones) are sent again a few times
 * when the shop does not answer; others never are. Rejects with UNAVAILABLE, with UNKNOWN_OUTCOME when the answer
 * was lost, or with what the shop says.
 */
export function openShopClient(url: string): Shop {
  const base = url.replace(/\/+$/, '');
  return {
    submit: async (commands) => {
      const outcomes: Outcome[] = [];
      for (const part of inParts(commands)) {
        const tries = part.commands.every(isRepeatable) ? REQUEST_TRIES_MAX : 1;
        const answer = await repeatedly(tries, () => ask(base, '/commands', part.body));
        for (const outcome of answer as Outcome[]) outcomes.push(outcome);
      }
      return outcomes;
    },
    catalogue: async () =>
      (await repeatedly(REQUEST_TRIES_MAX, () => ask(base, '/catalogue', null))) as CatalogueEntry[],
  };
}

interface Part {
  readonly commands: readonly Command[];
  readonly body: string;
}

/** Cuts the commands so that each request stays below what the endpoint takes. */
function* inParts(commands: readonly Command[]): Generator<Part> {
  let first = 0;
  let texts: string[] = [];
  let chars = 0;
  for (const [index, command] of commands.entries()) {
    const text = JSON.stringify(command);
    if (texts.length > 0 && (chars + text.length > REQUEST_CHARS_MAX || texts.length === REQUEST_COMMANDS_MAX)) {
      yield { commands: commands.slice(first, index), body: `[${texts.join(',')}]` };
      first = index;
      texts = [];
      chars = 0;
    }
    texts.push(text);
    chars += text.length + 1;
  }
  if (texts.length > 0) yield { commands: commands.slice(first), body: `[${texts.join(',')}]` };
}

async function repeatedly<T>(triesMax: number, action: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await action();
    } catch (error) {
      if (tries >= triesMax || !(error instanceof ShopError) || !PASSING.has(error.code)) throw error;
      await pause(Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 4 ** tries));
    }
  }
}

async function ask(base: string, path: string, body: string | null): Promise<unknown> {
  let response: Response;
  let answer: unknown;
  try {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: body ?? '' };
    response = await (body === null ? fetch(base + path) : fetch(base + path, request));
    answer = await response.json();
  } catch (error) {
    throw noAnswer(base, body !== null, error);
  }
  if (response.ok) return answer;
  const { error = `the shop at ${base} answered ${response.status}`, code = 'BAD_INPUT' } = answer as {
    error?: string;
    code?: ShopErrorCode;
  };
  throw new ShopError(response.status >= 500 && code === 'BAD_INPUT' ? 'UNAVAILABLE' : code, error);
}

function noAnswer(base: string, mayHaveArrived: boolean, error: unknown): ShopError {
  const code = (error as { cause?: { code?: string } }).cause?.code ?? '';
  if (mayHaveArrived && !NOT_SENT.has(code)) {
    const message = `the answer of the shop at ${base} was lost; whether it took the commands is not known`;
    return new ShopError('UNKNOWN_OUTCOME', message, { cause: error });
  }
  const message = `the shop does not answer at ${base}; start it with npm run shop or mend SHOP_URL`;
  return new ShopError('UNAVAILABLE', message, { cause: error });
}
