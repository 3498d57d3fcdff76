/** The tasks of a page's main thread, from a trace of Chromium. */

/** One event of a trace, as far as it is looked at here; instants and durations are in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** Of the duration, what the thread was running. */
  readonly tdur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface Task {
  readonly ms: number;
  /** Of that, what the thread was running: the rest it waited for a processor. */
  readonly cpuMs: number;
  /** What took longest in it, heaviest first, without what each called: "Layout 12 ms". */
  readonly within: readonly string[];
}

/** What has to be traced: tasks, what they consist of, and which process has the page. */
export const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8.gc'];

/** The thread that runs a page's scripts, its layout and its painting. */
const MAIN_THREAD = 'CrRendererMain';
const TASK = 'RunTask';
/** Tasks longer than this are looked into. */
export const LONG_TASK_MS = 50;
const SHOWN_WITHIN = 3;
const US_PER_MS = 1_000;

/** The tasks of the page at `url`, in the order of their beginning; none when the trace does not have the page. */
export function mainThreadTasks(events: readonly TraceEvent[], url: string): Task[] {
  const pid = processOf(events, url);
  const named = events.find(
    (each) => each.pid === pid && each.name === 'thread_name' && each.args?.['name'] === MAIN_THREAD,
  );
  if (named === undefined) return [];
  const own = events
    .filter((each) => each.pid === pid && each.tid === named.tid && each.ph === 'X')
    // Who begins together with another and lasts longer is the one that called it.
    .sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const tasks: Task[] = [];
  own.forEach((each, index) => {
    if (each.name !== TASK) return;
    const ms = (each.dur ?? 0) / US_PER_MS;
    tasks.push({
      ms,
      cpuMs: (each.tdur ?? each.dur ?? 0) / US_PER_MS,
      within: ms > LONG_TASK_MS ? heaviest(own, index) : [],
    });
  });
  return tasks;
}

/** The process whose main frame shows the page. */
function processOf(events: readonly TraceEvent[], url: string): number | undefined {
  for (const { name, args } of events) {
    if (name !== 'TracingStartedInBrowser') continue;
    const { frames } = (args?.['data'] ?? {}) as { frames?: readonly { url: string; processId: number }[] };
    const frame = frames?.find((each) => each.url === url);
    if (frame !== undefined) return frame.processId;
  }
  return undefined;
}

/** Where a task's time went: each event's own time, without that of the events in it, summed by what it is. */
function heaviest(events: readonly TraceEvent[], index: number): string[] {
  const task = events[index];
  if (task === undefined) return [];
  const end = task.ts + (task.dur ?? 0);
  const own = new Map<string, number>();
  const add = (what: string, us: number): void => void own.set(what, (own.get(what) ?? 0) + us);
  const open: { readonly what: string; readonly until: number }[] = [];
  for (let at = index; at < events.length; at++) {
    const event = events[at];
    if (event === undefined || event.ts >= end) break;
    while (open.length > 0 && (open.at(-1)?.until ?? 0) <= event.ts) open.pop();
    const duration = event.dur ?? 0;
    const caller = open.at(-1);
    if (caller !== undefined) add(caller.what, -duration);
    add(labelOf(event), duration);
    open.push({ what: labelOf(event), until: event.ts + duration });
  }
  return [...own]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN_WITHIN)
    .map(([what, us]) => `${what} ${Math.round(us / US_PER_MS)} ms`);
}

function labelOf({ name, args }: TraceEvent): string {
  if (/GC|ArrayBufferSweeper|Scavenge|scavenge|Weakness/.test(name)) return 'garbage collection';
  const { functionName = '' } = (args?.['data'] ?? {}) as { functionName?: string };
  return functionName === '' ? name : `${name} ${functionName}()`;
}
