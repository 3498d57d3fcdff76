/** Hands messages to a mail server, one try each; what the server says decides whom it is about. */
import { createTransport } from 'nodemailer';
import type { OrderHandled } from '../events/events.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';
import { compose, SENDER, type ComposeOptions } from './compose.ts';
import type { Refusal } from './put-aside.ts';

const CONNECTIONS_MAX = 5;
const CONNECT_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 60_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** The server wants a login that it did not get, or another one. */
const LOGIN_CODES: readonly number[] = [530, 534, 535, 538];

export interface SmtpOptions extends ComposeOptions {
  /** "smtp://user:password@host:587" or "smtps://…". */
  readonly smtpUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The first pause while the server takes no mails; it doubles up to a minute. */
  readonly retryMs?: number;
}

/**
 * `taken`: the server has it. `refused`: the server answered for this recipient or this text, and did not take it.
 * `trouble`: the server itself is not well, as far as this try can tell, and nothing is known of the mail; it may
 * even have arrived, where the connection broke just before the answer.
 */
export type Answer =
  | { readonly kind: 'taken' }
  | ({ readonly kind: 'refused' } & Refusal)
  | { readonly kind: 'trouble'; readonly reason: string };

export interface MailServer {
  /** One try, after the pause that everybody makes while the server is in trouble. Null: nobody waits any more. */
  send(event: OrderHandled, to: string): Promise<Answer | null>;
  /** How many mails the server answered for since it was opened, taken or refused. */
  readonly answered: number;
  /** Ends the pause, and all later ones: what would have to wait is left for the next start. */
  stopWaiting(): void;
  close(): void;
}

/** Connects with the first message. Throws BAD_INPUT for an address that is none. */
export function openMailServer(options: SmtpOptions): MailServer {
  const name = hostOf(options.smtpUrl);
  const transport = createTransport({
    url: options.smtpUrl,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  const health = new Health(name, options);
  return {
    send: async (event, to) => {
      const { bytes } = await compose(event, options);
      return health.watch(() =>
        transport.sendMail({ envelope: { from: SENDER, to: [to] }, raw: bytes }).then(
          () => ({ kind: 'taken' }),
          (error: unknown) => answerIn(error as MailError),
        ),
      );
    },
    get answered() {
      return health.answered;
    },
    stopWaiting: () => health.stopping.abort(),
    close: () => transport.close(),
  };
}

/** What nodemailer tells of a failure: `code` is the step, `command` what was in flight, `responseCode` the answer. */
interface MailError {
  readonly message: string;
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  /** The server's own words. */
  readonly response?: string;
}

/**
 * An answer to RCPT TO or DATA is about this recipient or this text, and so is an address that is none. All else is
 * about the server: no connection, no TLS, no login, a sender (it is the same in every mail) that is not wanted, and
 * 421, with which a server closes whatever it was asked. 503 is for a session that got out of step, so it passes.
 */
export function answerIn({
  message,
  response,
  code,
  command,
  responseCode,
}: MailError): Exclude<Answer, { kind: 'taken' }> {
  const isOfMail = code === 'EMESSAGE' || (code === 'EENVELOPE' && command !== 'MAIL FROM');
  const isOfServer = responseCode === 421 || LOGIN_CODES.includes(responseCode ?? 0);
  if (!isOfMail || isOfServer) return { kind: 'trouble', reason: message };
  const permanent = responseCode === undefined || (responseCode >= 500 && responseCode !== 503);
  return { kind: 'refused', reason: response ?? message, permanent };
}

/**
 * Whether the server is well. While it is not, all mails wait together, one of them tries after each pause, and the
 * log says so once for each.
 */
class Health {
  answered = 0;
  readonly stopping = new AbortController();
  readonly #server: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #firstMs: number;
  /** Nobody tries before this instant. */
  #againAt = Number.NEGATIVE_INFINITY;
  #pause: Promise<void> = Promise.resolve();
  /** The next pause; null while the server is well. */
  #pauseMs: number | null = null;
  /** The one try that is under way while the server is not well. */
  #probe: Promise<unknown> | null = null;

  constructor(server: string, { clock, logger, retryMs = RETRY_FIRST_MS }: SmtpOptions) {
    this.#server = server;
    this.#clock = clock;
    this.#logger = logger;
    this.#firstMs = retryMs;
  }

  /** Tries when it is time to, and takes the answer in; null when nobody waits any more. */
  async watch(tryOnce: () => Promise<Answer>): Promise<Answer | null> {
    for (let wait = this.#wait(); wait !== null; wait = this.#wait()) {
      if (this.stopping.signal.aborted) return null;
      await wait;
    }
    const startedAt = this.#clock.now();
    const trying = tryOnce().then((answer) => {
      this.#probe = null;
      if (answer.kind === 'trouble') this.#isTrouble(answer.reason, startedAt);
      else this.#answers();
      return answer;
    });
    if (this.#pauseMs !== null) this.#probe = trying;
    return trying;
  }

  #wait(): Promise<unknown> | null {
    return this.#clock.now() < this.#againAt ? this.#pause : this.#probe;
  }

  #answers(): void {
    this.answered += 1;
    if (this.#pauseMs === null) return;
    this.#pauseMs = null;
    this.#logger.info({}, `The mail server at ${this.#server} takes mails again.`);
  }

  /** Those that were under way when the pause began fail in their turn: they wait with the others, and say nothing. */
  #isTrouble(reason: string, startedAt: number): void {
    if (startedAt < this.#againAt) return;
    const pauseMs = this.#pauseMs ?? this.#firstMs;
    this.#pauseMs = Math.min(RETRY_MAX_MS, pauseMs * 2);
    this.#againAt = this.#clock.now() + pauseMs;
    this.#pause = this.#clock.until(this.#againAt, this.stopping.signal);
    const note = `The mail server at ${this.#server} takes no mails; they wait. Start it, or mend SMTP_URL.`;
    this.#logger.warn({ reason, again: `${pauseMs} ms` }, note);
  }
}

/** Host and port, without credentials. */
function hostOf(smtpUrl: string): string {
  const url = URL.canParse(smtpUrl) ? new URL(smtpUrl) : null;
  if (url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== '') return url.host;
  throw new ShopError('BAD_INPUT', 'SMTP_URL has to look like smtp://user:password@host:587');
}
