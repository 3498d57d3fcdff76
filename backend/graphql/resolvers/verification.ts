import { Ctx, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { VerificationFrame } from '../../live/verified.ts';
import { standing } from '../answer.ts';
import type { ApiContext } from '../context.ts';
import { Verification } from '../types/verification.ts';

const MS_PER_SECOND = 1_000;

@Resolver()
export class VerificationResolver {
  @Query(() => Verification, { description: 'Whether the read models are what the log says.' })
  async verification(@Ctx() { services }: ApiContext): Promise<Verification> {
    return verificationOf(await services.verified.look());
  }

  @Subscription(() => Verification, {
    name: 'verification',
    description: 'Whether the read models are what the log says: first at once, then whenever it changes.',
    subscribe: ({ context }: { context: ApiContext }) => context.services.verified.follow(),
  })
  liveVerification(@Root() frame: VerificationFrame): Verification {
    return verificationOf(frame);
  }
}

function verificationOf(frame: VerificationFrame): Verification {
  const { state, at, tookMs, everyMs, positions, records, recordsBehind, projections } = frame;
  return {
    state,
    at,
    tookMs: Math.round(tookMs),
    everySeconds: Math.round(everyMs / MS_PER_SECOND),
    records,
    recordsBehind,
    ...standing(positions, at ?? 0),
    projections: projections.map(
      ({ name, documents, digest, expectedDigest, differenceCount, differences: [first] }) => ({
        name,
        documents,
        digest,
        expectedDigest,
        differenceCount,
        firstDifference:
          first === undefined
            ? null
            : {
                document: first.id,
                path: first.path,
                expected: JSON.stringify(first.expected),
                actual: JSON.stringify(first.actual),
              },
      }),
    ),
  };
}
