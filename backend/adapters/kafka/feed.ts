/** What has been fetched of one partition and waits to be read. */
import type { Batch, TopicPartition } from '../../ports/event-log.ts';
import { ShopError } from '../../ports/errors.ts';
import type { Fetched } from './fetched.ts';

/** No more is fetched while so much waits; one more answer (1 MiB) may still come on top. */
const QUEUED_BYTES_MAX = 1_048_576;
/** A finite read that gets nothing for so long has asked for more than there is. */
const READ_STALL_MAX_MS = 10_000;

export class Feed {
  readonly source: TopicPartition;
  readonly topicName: string;
  /** Called when the feed wants more than before. */
  onWanting: () => void = () => {};
  readonly #to: number | null;
  #next: number;
  /** Raised by each seek, so that an answer to what was asked before is told apart. */
  #version = 0;
  #queue: { readonly batch: Batch; readonly bytes: number }[] = [];
  #queuedBytes = 0;
  #ended = false;
  #error: ShopError | null = null;
  #wake: () => void = () => {};
  #stalledSince: number | null = null;

  /** `to`: where a finite read ends; null when it goes on for ever. */
  constructor(source: TopicPartition, topicName: string, from: number, to: number | null) {
    this.source = source;
    this.topicName = topicName;
    this.#next = from;
    this.#to = to;
  }

  get next(): number {
    return this.#next;
  }

  get version(): number {
    return this.#version;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get wants(): boolean {
    if (this.#ended || this.#error !== null || this.#queuedBytes >= QUEUED_BYTES_MAX) return false;
    return this.#to === null || this.#next < this.#to;
  }

  /** Takes in the answer to a request that was made at `version`, or drops it when there was a seek since. */
  accept(version: number, fetched: Fetched): void {
    if (version !== this.#version || this.#ended) return;
    if (fetched.next <= this.#next) {
      this.#stalled(fetched.end);
      return;
    }
    this.#stalledSince = null;
    const from = this.#next;
    const next = this.#to === null ? fetched.next : Math.min(fetched.next, this.#to);
    const records = next === fetched.next ? fetched.records : fetched.records.filter((each) => each.offset < next);
    this.#queue.push({ batch: { ...this.source, from, next, end: fetched.end, records }, bytes: fetched.bytes });
    this.#queuedBytes += fetched.bytes;
    this.#next = next;
    this.#wake();
  }

  /** The next batch, once there is one; null when the feed has ended. Rejects when it failed. */
  async take(): Promise<Batch | null> {
    for (;;) {
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      const first = this.#queue.shift();
      if (first !== undefined) {
        this.#queuedBytes -= first.bytes;
        this.onWanting();
        return first.batch;
      }
      if (this.#to !== null && this.#next >= this.#to) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  seek(offset: number): void {
    this.#version++;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#next = offset;
    this.onWanting();
  }

  end(): void {
    this.#ended = true;
    this.#queue = [];
    this.#wake();
  }

  fail(error: ShopError): void {
    this.#error ??= error;
    this.#wake();
  }

  #stalled(end: number): void {
    if (this.#to === null) return;
    this.#stalledSince ??= Date.now();
    if (Date.now() - this.#stalledSince < READ_STALL_MAX_MS) return;
    const { topic, partition } = this.source;
    const message = `${topic}/${partition} was to be read up to ${this.#to}, but it ends at ${end}`;
    this.fail(new ShopError('LOG_MISMATCH', message));
  }
}
