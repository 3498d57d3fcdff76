import type { Formats } from '../format/formats.ts';
import { stateOf, type PanelAction, type PanelState } from '../ui/state.ts';

interface Followed {
  readonly current: unknown;
  readonly error: { readonly message: string } | null;
  readonly connected?: boolean;
  readonly receivedAt?: number;
}

/** The state of a panel that follows a subscription. `asOf`: the instant of what is shown. */
export function followedState(
  source: Followed,
  asOf: string | number | null | undefined,
  formats: Formats,
  empty?: { readonly when: boolean; readonly message: string; readonly action?: PanelAction },
): PanelState {
  return stateOf(
    {
      current: source.current,
      error: source.error,
      fresh: source.connected ?? true,
      asOf: asOf === null || asOf === undefined ? '–' : formats.clock(asOf),
    },
    empty,
  );
}
