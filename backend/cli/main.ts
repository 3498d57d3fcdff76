/** The entry: reads the command line and the environment, runs the verb, turns errors into one line and an exit code. */
import { CommanderError } from 'commander';
import { prepareEnvironment } from './environment.ts';
import { createProgram } from './program.ts';
import { EXIT_BAD_INPUT, exitCodeOf, printError } from './terminal.ts';

/** Of an error by the command line itself commander has told in its own words already. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
  printError(error, process.env['LOG_LEVEL'] ?? 'info');
  return exitCodeOf(error);
}

const program = createProgram();
// Whatever the verb: a setting that is wrong is told before anything is done. Help is given all the same.
program.hook('preAction', () => prepareEnvironment(process.cwd(), process.env));
for (const command of [program, ...program.commands]) command.exitOverride();
// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
}
