/** The language, zone and currency that figures are written in, as far as this browser can. */

const FALLBACK = 'en';

/**
 * The first of the viewer's languages that Intl can write in. A browser may say "C" or "en-US@posix", as the machine's
 * environment has it, or nothing at all.
 */
export function usableLocale({
  language,
  languages,
}: {
  readonly language?: string | null | undefined;
  readonly languages?: readonly string[] | null | undefined;
}): string {
  for (const wanted of [language, ...(languages ?? [])]) {
    const tag = (wanted ?? '').replace(/[.@].*$/, '').replaceAll('_', '-');
    try {
      const [usable] = Intl.NumberFormat.supportedLocalesOf(tag);
      if (usable !== undefined) return usable;
    } catch {
      // It is no language tag: the next one.
    }
  }
  return FALLBACK;
}

/** Whether this browser knows when days begin there. */
export function isKnownZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat(FALLBACK, { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
