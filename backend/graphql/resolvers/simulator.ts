import { Arg, Ctx, Mutation, Query, Resolver, UseMiddleware } from 'type-graphql';
import {
  changeConfiguration,
  DEFAULT_CONFIGURATION,
  readConfiguration,
  type ConfigurationChange,
  type SimulatorConfiguration,
} from '../../simulator/settings.ts';
import type { ApiContext } from '../context.ts';
import { operatorOnly } from '../operator-only.ts';
import { ConfigureSimulatorInput, Simulator } from '../types/simulator.ts';

@Resolver()
export class SimulatorResolver {
  @Query(() => Simulator, { description: 'The simulator, as it was configured last.' })
  async simulator(@Ctx() { services }: ApiContext): Promise<Simulator> {
    const known = await readConfiguration(services.log);
    return simulatorOf(known?.configuration ?? DEFAULT_CONFIGURATION, known?.at ?? null, services.clock.now());
  }

  @Mutation(() => Simulator, { description: 'Configures the simulator; it follows within a second. For operators.' })
  @UseMiddleware(operatorOnly)
  async configureSimulator(
    @Arg('input', () => ConfigureSimulatorInput, { description: 'What is to change.' }) input: ConfigureSimulatorInput,
    @Ctx() { services }: ApiContext,
  ): Promise<Simulator> {
    const { log, clock } = services;
    const { at, configuration } = await changeConfiguration(log, clock, given(input));
    return simulatorOf(configuration, at, clock.now());
  }
}

function simulatorOf(configuration: SimulatorConfiguration, configuredAt: string | null, now: number): Simulator {
  const { burst } = configuration;
  return { ...configuration, burst: burst !== null && Date.parse(burst.until) > now ? burst : null, configuredAt };
}

/** Only what was given: an absent field and one that is null both mean "as it is". */
function given({ ordersPerSecond, paused, handling, burst }: ConfigureSimulatorInput): ConfigurationChange {
  const policy = Object.fromEntries(Object.entries(handling ?? {}).filter(([, value]) => typeof value === 'number'));
  return {
    ...(typeof ordersPerSecond === 'number' ? { ordersPerSecond } : {}),
    ...(typeof paused === 'boolean' ? { paused } : {}),
    ...(Object.keys(policy).length > 0 ? { handling: policy } : {}),
    ...(burst ? { burst: { ordersPerSecond: burst.ordersPerSecond, seconds: burst.seconds } } : {}),
  };
}
