/** What a panel has to say about what it shows. */
export type PanelState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'empty'; readonly message: string; readonly action?: PanelAction }
  | { readonly kind: 'stale'; readonly message: string; /** Where there is little room. */ readonly short: string }
  | { readonly kind: 'failed'; readonly message: string; readonly action?: PanelAction };

export interface PanelAction {
  readonly label: string;
  readonly run: () => void;
}

/** The reason in one line, whatever was thrown. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] || 'an unknown error';
}

export const READY: PanelState = { kind: 'ready' };

export interface Source {
  readonly current: unknown;
  readonly error: { readonly message: string } | null;
  /** Whether what is there is the present (or, for the past, whole). */
  readonly fresh: boolean;
  /** "14:03:22" */
  readonly asOf: string;
  readonly retry?: () => void;
}

/**
 * The state of a panel from where its figures come. What is there is shown, greyed when it is no longer current;
 * only where nothing is there does an error take the panel.
 */
export function stateOf(
  source: Source,
  empty?: { readonly when: boolean; readonly message: string; readonly action?: PanelAction },
): PanelState {
  if (source.current === null || source.current === undefined) {
    if (source.error === null) return { kind: 'loading' };
    return {
      kind: 'failed',
      message: source.error.message,
      ...(source.retry ? { action: { label: 'Try again', run: source.retry } } : {}),
    };
  }
  if (source.error !== null)
    return {
      kind: 'stale',
      message: `${source.error.message} Figures as of ${source.asOf}`,
      short: `as of ${source.asOf}`,
    };
  if (!source.fresh)
    return { kind: 'stale', message: `Connection lost. Figures as of ${source.asOf}`, short: `as of ${source.asOf}` };
  if (empty?.when === true)
    return { kind: 'empty', message: empty.message, ...(empty.action ? { action: empty.action } : {}) };
  return READY;
}
