/** Delivers messages to a mail server, each at least once and always with the same Message-ID. */
import { createTransport } from 'nodemailer';
import type { OrderHandled } from '../events/events.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';
import { compose, SENDER, type ComposeOptions } from './compose.ts';

const CONNECTIONS_MAX = 5;
const CONNECT_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 60_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

export interface SmtpOptions extends ComposeOptions {
  /** "smtp://user:password@host:587" or "smtps://…". */
  readonly smtpUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The first pause after the server did not take a message; it doubles up to a minute. */
  readonly retryMs?: number;
}

export interface MailServer {
  /** Resolves when every message was taken, or refused for good; with some missing when `signal` aborts. */
  deliver(events: readonly OrderHandled[], signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Connects with the first message. Throws BAD_INPUT for an address that is none. */
export function openMailServer(options: SmtpOptions): MailServer {
  const { clock, logger, retryMs = RETRY_FIRST_MS } = options;
  const server = hostOf(options.smtpUrl);
  const transport = createTransport({
    url: options.smtpUrl,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });

  /** Whether it is done with: taken, or refused for good. */
  const deliverOne = async (event: OrderHandled): Promise<Error | null> => {
    const { bytes, to } = await compose(event, options);
    try {
      await transport.sendMail({ envelope: { from: SENDER, to: [to] }, raw: bytes });
      return null;
    } catch (error) {
      if (!isRefusal(error)) return error as Error;
      const { orderId } = event;
      logger.error({ orderId, to, reason: (error as Error).message }, 'The mail server refused a mail for good.');
      return null;
    }
  };

  return {
    deliver: async (events, signal) => {
      let waiting = events;
      for (let pauseMs = retryMs; !signal.aborted; pauseMs = Math.min(RETRY_MAX_MS, pauseMs * 2)) {
        const errors = await Promise.all(waiting.map(deliverOne));
        waiting = waiting.filter((_, index) => errors[index] !== null);
        if (waiting.length === 0) return;
        const reason = errors.find((error) => error !== null)?.message;
        const note = `The mail server at ${server} takes no mails; they wait. Start it, or mend SMTP_URL.`;
        logger.warn({ reason, again: `${pauseMs} ms` }, note);
        await clock.until(clock.now() + pauseMs, signal);
      }
    },
    close: () => transport.close(),
  };
}

/**
 * Only a final answer (5xx) to this recipient or to this text, and an address that is none, are about the
 * message; anything else is about the server, which may get well.
 */
function isRefusal(error: unknown): boolean {
  const { code, command, responseCode } = error as { code?: string; command?: string; responseCode?: number };
  if (responseCode === undefined) return code === 'EENVELOPE';
  return responseCode >= 500 && (command === 'RCPT TO' || command === 'DATA');
}

/** Host and port, without credentials. */
function hostOf(smtpUrl: string): string {
  const url = URL.canParse(smtpUrl) ? new URL(smtpUrl) : null;
  if (url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== '') return url.host;
  throw new ShopError('BAD_INPUT', 'SMTP_URL has to look like smtp://user:password@host:587');
}
