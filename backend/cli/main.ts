/** The entry: parses the command line, runs the verb, turns every error into one line and an exit code. */
import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { EXIT_BAD_INPUT, exitCodeOf, printError } from './terminal.ts';

/** Of an error by the command line itself commander has told in its own words already. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
  printError(error, process.env['LOG_LEVEL'] ?? 'info');
  return exitCodeOf(error);
}

const program = createProgram();
for (const command of [program, ...program.commands]) command.exitOverride();
// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
}
