import { describe, expect, it } from 'vitest';
import { droppedShare, slopeOf, spreadOf } from './figures.ts';
import { missedGoals, renderSoak } from './report.ts';
import type { Soak } from './soak.ts';
import { mainThreadTasks, type TraceEvent } from './trace.ts';

const FRAME_MS = 1_000 / 60;

describe('figures', () => {
  it('are of the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
    expect(spreadOf(hundred)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 });
    expect(spreadOf([7])).toEqual({ count: 1, p50: 7, p99: 7, max: 7 });
    expect(spreadOf([])).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
  });

  it('grow as in the second half, whatever the first one did', () => {
    const points = Array.from({ length: 20 }, (_, n) => ({ atSeconds: n * 30, value: n < 10 ? n * 50 : 500 + n / 2 }));
    // Half a unit in 30 s.
    expect(slopeOf(points)?.perHour).toBeCloseTo(60);
    expect(slopeOf(points)?.error).toBeCloseTo(0);
    const shaken = points.map((point, n) => ({ ...point, value: point.value + (n % 2 === 0 ? 9 : -9) }));
    const slope = slopeOf(shaken);
    expect(Math.abs((slope?.perHour ?? 0) - 60)).toBeLessThan(2 * (slope?.error ?? 0));
    expect(slopeOf(points.slice(0, 6))).toBeNull();
    expect(slopeOf(Array.from({ length: 9 }, () => ({ atSeconds: 1, value: 1 })))).toBeNull();
  });

  it('of frames count those that were not there', () => {
    expect(droppedShare([])).toBe(0);
    expect(droppedShare([FRAME_MS, FRAME_MS + 1, FRAME_MS - 1])).toBe(0);
    expect(droppedShare([FRAME_MS, 3 * FRAME_MS])).toBeCloseTo(2 / 4);
  });
});

const PAGE = { pid: 7, tid: 70 };
const event = (name: string, fromMs: number, ms: number, more: Partial<TraceEvent> = {}): TraceEvent => ({
  name,
  ph: 'X',
  ...PAGE,
  ts: fromMs * 1_000,
  dur: ms * 1_000,
  ...more,
});
const HEAD: TraceEvent[] = [
  event('TracingStartedInBrowser', 0, 0, {
    ph: 'I',
    pid: 1,
    tid: 1,
    args: { data: { frames: [{ url: 'about:blank', processId: 8 }, { url: 'http://shop/', processId: 7 }] } }, // prettier-ignore
  }),
  event('thread_name', 0, 0, { ph: 'M', pid: 8, tid: 80, args: { name: 'CrRendererMain' } }),
  event('thread_name', 0, 0, { ph: 'M', tid: 71, args: { name: 'Compositor' } }),
  event('thread_name', 0, 0, { ph: 'M', args: { name: 'CrRendererMain' } }),
];

describe('a trace', () => {
  it("gives the tasks of the page's main thread, and of no other", () => {
    const trace = [
      ...HEAD,
      event('RunTask', 10, 2, { tdur: 1_500 }),
      event('RunTask', 10, 300, { tid: 71 }),
      event('RunTask', 10, 300, { pid: 8, tid: 80 }),
      event('Layout', 10, 1),
    ];
    expect(mainThreadTasks(trace, 'http://shop/')).toEqual([{ ms: 2, cpuMs: 1.5, within: [] }]);
    expect(mainThreadTasks(trace, 'http://elsewhere/')).toEqual([]);
  });

  it('tells what a long task consists of, each without what it called', () => {
    const trace = [
      ...HEAD,
      event('RunTask', 100, 80),
      event('FunctionCall', 100, 70, { args: { data: { functionName: 'draw' } } }),
      event('Layout', 110, 30),
      event('MinorGC', 145, 5),
      event('V8.GC_SCAVENGER', 146, 4),
      event('RunTask', 180, 1),
    ];
    expect(mainThreadTasks(trace.toReversed(), 'http://shop/')[0]?.within).toEqual([
      'FunctionCall draw() 35 ms',
      'Layout 30 ms',
      'RunTask 10 ms',
    ]);
    expect(mainThreadTasks([...trace, event('MinorGC', 101, 9)], 'http://shop/')[0]?.within[2]).toBe(
      'garbage collection 14 ms',
    );
  });
});

const SOAK: Soak = {
  seconds: 60,
  stopped: false,
  placed: 30_000,
  frames: { count: 1_200, gaps: [50, 50, 51], failure: null },
  shop: [0, 30, 60, 65].map((atSeconds) => ({
    atSeconds,
    residentMiB: 300 + atSeconds,
    anonymousMiB: null,
    heapUsedMiB: 90,
    heapNeededMiB: atSeconds === 30 ? null : 40 + atSeconds,
    heapTotalMiB: 120,
    externalMiB: 12,
    cpuSeconds: atSeconds / 2,
  })),
  page: {
    chromium: '156',
    tasks: Array.from({ length: 200 }, () => ({ ms: 3, cpuMs: 2, within: [] })),
    tracedSeconds: 20,
    intervals: [17, 17, 33],
    samples: [{ atSeconds: 0, heapMiB: 5, nodes: 2_000, listeners: 40 }],
    errors: [],
  },
  shown: {
    api: { ordersToday: 3, handledToday: 2 },
    page: { ordersToday: 3, handledToday: 2 },
    isSame: true,
  },
  verified: true,
};

describe('the report', () => {
  it('has what was measured, and says where something is not known', () => {
    const text = renderSoak(SOAK);
    expect(text).toContain('30,000 (500/s)');
    expect(text).toContain('300 → 330 → 360 → 365 MiB');
    expect(text).toContain('40 → 100 → 105 MiB');
    expect(text).toContain('not known here');
    expect(text).toContain('50 % of one core');
    expect(text).toContain('handled 2 / 2: the same');
    expect(missedGoals(SOAK)).toEqual([]);
  });

  it('names every goal that was missed', () => {
    const page = SOAK.page;
    if (page === null || SOAK.shown === null) throw new Error('there is a page');
    const slow = Array.from({ length: 50 }, () => ({ ms: 60, cpuMs: 60, within: [] }));
    expect(
      missedGoals({
        ...SOAK,
        frames: { ...SOAK.frames, failure: 'gone' },
        page: { ...page, tasks: [...page.tasks, ...slow], errors: ['x is not a function'] },
        shown: { ...SOAK.shown, isSame: false },
        verified: false,
      }),
    ).toEqual([
      "99 % of the page's tasks took up to 60 ms, not < 50 ms",
      expect.stringMatching(/^the page shows .* where the API says /),
      'the read models differ from the log',
      'the subscription ended: gone',
      "the page's script failed: x is not a function",
    ]);
    expect(missedGoals({ ...SOAK, page: { ...page, tasks: [] } })).toEqual(["the trace had no task of the page's"]);
  });

  it('is there without a page, a shop of its own and an end', () => {
    const stopped: Soak = { ...SOAK, stopped: true, shop: null, page: null, shown: null, verified: null };
    expect(renderSoak(stopped)).toContain('then stopped');
    expect(missedGoals(stopped)).toEqual([]);
  });
});
