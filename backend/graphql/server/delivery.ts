/** One subscription of one socket: the newest frame that it has not been sent yet, and nothing older. */
import type { ExecutionResult } from 'graphql';
import type { Outbox, Slot } from './outbox.ts';
import type { Follower, Frame } from './shared-subscriptions.ts';

const DONE: IteratorResult<ExecutionResult, undefined> = { done: true, value: undefined };

/**
 * To graphql-ws it is an iteration without results that is over when the subscription is: it keeps the protocol.
 * The frames go to the socket by themselves, as bytes that all who follow share.
 */
export class Delivery implements AsyncIterableIterator<ExecutionResult>, Follower, Slot {
  readonly #outbox: Outbox;
  readonly #head: Buffer;
  readonly #follow: (follower: Follower) => () => void;
  readonly #onOver: () => void;
  /** The first frame is kept until it is sent: the ones after it may build on it. */
  #first: Frame | null = null;
  #newest: Frame | null = null;
  #begun = false;
  #ended = false;
  #over = false;
  #leave = (): void => {};
  #finish = (): void => {};

  constructor(options: { outbox: Outbox; id: string; follow: (follower: Follower) => () => void; onOver: () => void }) {
    this.#outbox = options.outbox;
    this.#head = Buffer.from(`{"id":${JSON.stringify(options.id)},"type":"next","payload":`);
    this.#follow = options.follow;
    this.#onOver = options.onOver;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Resolves when it is over. */
  next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    if (this.#over) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#finish = () => resolve(DONE);
      this.#leave = this.#follow(this);
    });
  }

  /** The client, or the socket, has left. */
  return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    this.#first = null;
    this.#newest = null;
    this.#outbox.withdraw(this);
    this.#leave();
    this.#close();
    return Promise.resolve(DONE);
  }

  show(frame: Frame): void {
    if (this.#over) return;
    if (this.#begun) this.#newest = frame;
    else this.#first = frame;
    this.#begun = true;
    this.#outbox.offer(this);
  }

  end(): void {
    this.#ended = true;
    if (!this.waits) this.#close();
  }

  get waits(): boolean {
    return this.#first !== null || this.#newest !== null;
  }

  take(): Buffer | null {
    const frame = this.#first ?? this.#newest;
    if (frame === null) return null;
    if (this.#first !== null) this.#first = null;
    else this.#newest = null;
    // What completes it is sent after what is taken here.
    if (this.#ended && !this.waits) queueMicrotask(() => this.#close());
    return Buffer.concat([this.#head, frame.payload, TAIL]);
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#onOver();
    this.#finish();
  }
}

const TAIL = Buffer.from('}');
