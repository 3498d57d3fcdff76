/** Real mail servers that answer as a test tells them, and mailers that send to them. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { partitionOf } from '../events/topics.ts';
import type { OrderHandled } from '../events/events.ts';
import type { ManualClock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { handled } from '../queries/testing.ts';
import { PUT_ASIDE_COLLECTION, putAsideOf, type PutAside } from './put-aside.ts';

export interface Received {
  readonly messageId: string | undefined;
  readonly to: readonly string[];
  readonly bytes: Buffer;
}

/** What a server says to a command, as "451 try later"; null for yes. `nth`: for this address, from 1. */
export type Say = (address: string, nth: number) => string | null;

export interface Script {
  readonly port?: number;
  readonly from?: Say;
  readonly to?: Say;
  /** Of the whole message, which has arrived by then: "reset" breaks the connection instead of answering. */
  readonly data?: Say;
  /** Resolves when the server may take a message. */
  readonly gate?: Promise<void>;
}

export interface Listening {
  readonly port: number;
  readonly url: string;
  /** What it took, in that order. */
  readonly received: readonly Received[];
  /** How often an address was named to it as a recipient. */
  asked(address: string): number;
  /** The recipients of what it took. */
  recipients(): readonly string[];
  stop(): Promise<void>;
}

export async function listen(script: Script = {}): Promise<Listening> {
  const received: Received[] = [];
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  const answer = (say: Say | undefined, step: string, address: string): Error | null => {
    const nth = (counts.get(`${step} ${address}`) ?? 0) + 1;
    counts.set(`${step} ${address}`, nth);
    const said = say?.(address, nth) ?? null;
    return said === null ? null : Object.assign(new Error(said.slice(4)), { responseCode: Number(said.slice(0, 3)) });
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onMailFrom: ({ address }, _, callback) => callback(answer(script.from, 'MAIL', address)),
    onRcptTo: ({ address }, _, callback) => callback(answer(script.to, 'RCPT', address)),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const take = async (): Promise<void> => {
          const bytes = Buffer.concat(chunks);
          const { messageId } = await simpleParser(bytes);
          const to = session.envelope.rcptTo.map(({ address }) => address);
          await script.gate;
          const error = answer(script.data, 'DATA', to[0] ?? '');
          if (error === null || error.message === 'reset') received.push({ messageId, to, bytes });
          if (error?.message === 'reset') socketOf(session, sockets)?.resetAndDestroy();
          else callback(error);
        };
        take().catch(callback);
      });
    },
  });
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(script.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    received,
    asked: (address) => counts.get(`RCPT ${address}`) ?? 0,
    recipients: () => received.flatMap(({ to }) => to),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

function socketOf({ remotePort }: SMTPServerSession, sockets: ReadonlySet<Socket>): Socket | undefined {
  return [...sockets].find((socket) => socket.remotePort === remotePort);
}

/** A port at which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = await listen();
  await server.stop();
  return server.port;
}

/** Handled orders, all of one partition, one for each address. */
export function ordersFor(addresses: readonly string[], at: number): OrderHandled[] {
  const ids: string[] = [];
  for (let n = 0; ids.length < addresses.length; n++) if (partitionOf(`o-${n}`) === 0) ids.push(`o-${n}`);
  return addresses.map((email, n) => {
    const customer = { id: email, name: 'A customer', email, country: 'Sweden' };
    return handled(ids[n] ?? '', at + n, { customer });
  });
}

export async function asideIn(models: ReadModels): Promise<PutAside[]> {
  const found: PutAside[] = [];
  for await (const documents of models.scanMerged(PUT_ASIDE_COLLECTION)) {
    for (const document of documents) found.push(...([putAsideOf(document)].filter(Boolean) as PutAside[]));
  }
  return found.sort((a, b) => a.offset - b.offset || a.recipient - b.recipient);
}

/** A logger that keeps what it is told, and a wait for a message. */
export function listening(): { logger: Logger; lines: string[]; told: (text: RegExp) => Promise<void> } {
  const lines: string[] = [];
  const waiting: { text: RegExp; resolve: () => void }[] = [];
  const tell = (fields: object, message: string): void => {
    const { reason } = fields as { reason?: string };
    lines.push(reason === undefined ? message : `${message} ${reason}`);
    for (const each of waiting) if (each.text.test(message)) each.resolve();
  };
  return {
    logger: { debug: tell, info: tell, warn: tell, error: tell },
    lines,
    told: (text) =>
      new Promise((resolve) => {
        if (lines.some((each) => text.test(each))) resolve();
        else waiting.push({ text, resolve });
      }),
  };
}

/** Lets time pass, a few seconds for each look, until `condition` holds. */
export async function pass(
  clock: ManualClock,
  condition: () => boolean | Promise<boolean>,
  stepMs = 5_000,
): Promise<void> {
  while (!(await condition())) {
    clock.advance(stepMs);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Waits until `condition` holds, while time stands still. */
export function meanwhile(clock: ManualClock, condition: () => boolean | Promise<boolean>): Promise<void> {
  return pass(clock, condition, 0);
}

export async function temporaryMailbox(): Promise<{ mailbox: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'mailbox-'));
  return { mailbox: join(dir, 'mailbox'), remove: () => rm(dir, { recursive: true, force: true }) };
}
