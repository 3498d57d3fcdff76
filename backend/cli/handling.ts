import type { Command } from 'commander';
import type { HandlingPolicy } from '../events/events.ts';

/** The options that withSimulation (program.ts) defines, as commander gives them. */
export interface SimulationOptions {
  readonly rate: number;
  readonly chance: number;
  readonly delay: number;
  readonly attempts: number;
  readonly seed: number;
  readonly flat: boolean;
  readonly catalogue?: string;
}

/** Whether the command line says how much to simulate, or how orders are drawn. */
export function isTold(command: Command): boolean {
  return ['rate', 'chance', 'delay', 'attempts'].some((name) => command.getOptionValueSource(name) === 'cli');
}

export function policyOf({ chance, delay, attempts }: SimulationOptions): HandlingPolicy {
  return { chance, delayMs: delay, attempts };
}

/** How imported orders are drawn with --handle. */
export const IMPORT_POLICY: HandlingPolicy = { chance: 0.8, delayMs: 120_000, attempts: 1 };
