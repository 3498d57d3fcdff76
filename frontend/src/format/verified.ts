/** What is said of how far the read models are verified. */
import type { Formats } from './formats.ts';

interface Found {
  readonly state: 'VERIFIED' | 'BEHIND' | 'DIFFERS' | 'NEVER';
  readonly at: string | null;
  readonly everySeconds: number;
  readonly records: number;
  readonly recordsBehind: number;
  readonly projections: readonly {
    readonly name: string;
    readonly documents: number;
    readonly differenceCount: number;
    readonly firstDifference: { readonly document: string; readonly path: string } | null;
  }[];
}

export interface VerifiedSign {
  readonly kind: 'good' | 'waiting' | 'bad' | 'unknown';
  /** Some words. */
  readonly text: string;
  /** Which document is concerned; empty while none is. */
  readonly detail: string;
  /** A sentence or two. */
  readonly about: string;
}

/** `found`: null before anything came; `connected`: whether it is the present. */
export function verifiedSign(found: Found | null, connected: boolean, formats: Formats): VerifiedSign {
  const unknown = { kind: 'unknown', detail: '' } as const;
  if (found === null) return { ...unknown, text: 'Verified: …', about: 'The server has not said yet.' };
  const reached = `up to record ${formats.count(found.records)} of the log, at ${at(found, formats)}`;
  if (!connected) {
    const about = `The connection is lost. It was looked into ${reached}.`;
    return { ...unknown, text: found.at === null ? 'Not verified' : `As of ${at(found, formats)}`, about };
  }
  switch (found.state) {
    case 'VERIFIED':
      return { kind: 'good', text: 'Verified', detail: '', about: `${documents(found, formats)} ${reached}.` };
    case 'BEHIND': {
      const since = `${formats.count(found.recordsBehind)} records were folded since.`;
      const about = `${documents(found, formats)} ${reached}. ${since}`;
      return { kind: 'waiting', text: 'Verifying', detail: '', about };
    }
    case 'NEVER': {
      if (found.everySeconds > 0)
        return { kind: 'waiting', text: 'Not verified yet', detail: '', about: 'The first round is under way.' };
      return {
        ...unknown,
        text: 'Not verified',
        about: 'Switched off: VERIFY_SECONDS is 0. npm run verify does it once.',
      };
    }
    case 'DIFFERS':
      return differing(found, reached, formats);
  }
}

function documents({ projections }: Found, formats: Formats): string {
  const count = projections.reduce((sum, each) => sum + each.documents, 0);
  return `All ${formats.count(count)} documents equal an independent fold of the log,`;
}

function differing(found: Found, reached: string, formats: Formats): VerifiedSign {
  const wrong = found.projections.filter(({ differenceCount }) => differenceCount > 0);
  const [first] = wrong;
  const document = first?.firstDifference?.document ?? '';
  const path = first?.firstDifference?.path ?? '';
  const count = wrong.reduce((sum, each) => sum + each.differenceCount, 0);
  const many = count === 1 ? '1 document differs' : `${formats.count(count)} documents differ`;
  const where = `The first is ${document}${path === '' ? '' : `, ${path}`}, in ${first?.name ?? ''}.`;
  const about = `${many} from the log, ${reached}. ${where} Rebuilding ${first?.name ?? 'it'} mends it.`;
  return { kind: 'bad', text: 'Differs', detail: document, about };
}

function at(found: Found, formats: Formats): string {
  return found.at === null ? '–' : formats.clock(found.at);
}
