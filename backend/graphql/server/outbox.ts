/**
 * What goes out on one socket. Answers go at once. Frames of subscriptions wait in slots, one for each, where a
 * newer one replaces an older one, until the socket has taken what it was given before: a slow client skips
 * frames, and what waits for it has a bound. A client that does not read at all is closed.
 */
import type { WebSocket } from 'ws';
import { FRAMES_BUFFERED_BYTES_MAX, type Limits } from './limits.ts';

/** Somebody whose newest frame may be asked for when there is room. */
export interface Slot {
  /** The next message; null: there is none any more. */
  take(): Buffer | null;
  /** Whether there is another one. */
  readonly waits: boolean;
}

/** RFC 6455's registry: try again later. */
const TRY_AGAIN_LATER = 1013;
/** A client that does not read does not see the closing either. */
const CLOSING_WAIT_MS = 1_000;

export class Outbox {
  readonly #socket: WebSocket;
  readonly #limits: Limits;
  readonly #onStalled: () => void;
  readonly #waiting = new Set<Slot>();
  #underWay = 0;
  #progressAt = 0;
  #stalled = false;

  constructor(socket: WebSocket, limits: Limits, onStalled: () => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onStalled = onStalled;
  }

  /** Sends an answer. */
  send(message: string | Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#underWay === 0) this.#progressAt = performance.now();
    this.#underWay += 1;
    this.#socket.send(message, { binary: false }, this.#sent);
    this.check();
  }

  /** The slot has something; it is taken as soon as there is room. */
  offer(slot: Slot): void {
    this.#waiting.add(slot);
    this.#pump();
  }

  withdraw(slot: Slot): void {
    this.#waiting.delete(slot);
  }

  /** Closes the socket if its client does not read. */
  check(): void {
    if (this.#stalled || this.#socket.readyState !== this.#socket.OPEN) return;
    const tooMuch = this.#socket.bufferedAmount > this.#limits.bufferedBytesMax;
    const tooLong = this.#underWay > 0 && performance.now() - this.#progressAt > this.#limits.stalledMs;
    if (!tooMuch && !tooLong) return;
    this.#stalled = true;
    this.#waiting.clear();
    this.#onStalled();
    this.#socket.close(TRY_AGAIN_LATER, 'the client does not read what it asked for');
    setTimeout(() => this.#socket.terminate(), CLOSING_WAIT_MS).unref();
  }

  readonly #sent = (): void => {
    this.#underWay -= 1;
    this.#progressAt = performance.now();
    if (this.#waiting.size > 0) this.#pump();
  };

  #pump(): void {
    for (const slot of this.#waiting) {
      if (this.#socket.bufferedAmount > FRAMES_BUFFERED_BYTES_MAX) return;
      this.#waiting.delete(slot);
      const message = slot.take();
      if (message !== null) this.send(message);
      if (slot.waits) this.#waiting.add(slot);
    }
  }
}
