/** Every bound of the shop, by name. */

/** Commands decided together: what waits while an append is under way goes together in the next. */
export const BATCH_COMMANDS_MAX = 2_000;

/** While an append is under way, so many that wait are decided already; fewer wait for more. */
export const EARLY_COMMANDS_MIN = 500;

/** Characters of one append. Kafka takes about 1 MiB for one partition at once, where it all may go. */
export const APPEND_CHARS_MAX = 900_000;

/** Bytes of one order as a record; below what is read (1 MiB) by room for the engine's own framing. */
export const ORDER_BYTES_MAX = 1_000_000;

/** Commands that may wait to be decided before others are turned away. */
export const QUEUED_COMMANDS_MAX = 100_000;

/** Orders and receipts held in memory because the read models may not have them yet. */
export const RECENT_ORDERS_MAX = 500_000;
export const RECENT_RECEIPTS_MAX = 100_000;

/** Below this many it is not worth a look at the checkpoints to forget some. */
export const RECENT_WORTH_PRUNING = 5_000;
export const PRUNE_INTERVAL_MS = 1_000;

/** How long a repeatable order waits for the read model that must know whether it was placed before. */
export const PROJECTION_WAIT_MAX_MS = 30_000;

/** How often a failed append is tried again (fence, read, decide) before its senders are told. */
export const APPEND_TRIES_MAX = 5;
export const RETRY_FIRST_MS = 20;
export const RETRY_MAX_MS = 2_000;

/** How often a read of the stock read model is repeated while its projector is flushing. */
export const SNAPSHOT_TRIES_MAX = 20;
export const SNAPSHOT_PAUSE_MS = 10;

/** A request to the shop's endpoint. */
export const BODY_BYTES_MAX = 8 * 1_024 * 1_024;
export const REQUEST_COMMANDS_MAX = 10_000;
/** What the client puts into one request: a character may take three bytes. */
export const REQUEST_CHARS_MAX = 2_500_000;
export const REQUEST_TRIES_MAX = 5;
