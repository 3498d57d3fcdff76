import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from './program.ts';
import { SETTINGS } from './settings.ts';

const program = createProgram();
const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  scripts: Record<string, string>;
};

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
}

/** The words of a line as a shell would split it. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');

describe('help', () => {
  test.each(program.commands.map((command) => [command.name(), command] as const))(
    '%s has an npm script, examples that parse, and the settings',
    (name, command) => {
      expect(scripts[name]).toMatch(new RegExp(`backend/cli/main\\.ts ${name}$`));
      const help = helpOf(command);
      for (const setting of SETTINGS) expect(help).toContain(setting.about);
      const examples = /\nExamples:\n((?: {2}npm .*\n)+)/.exec(help)?.[1]?.trim().split('\n') ?? [];
      expect(examples).not.toEqual([]);
      for (const example of examples) {
        const [, called, rest = ''] = /^npm (?:run )?(?:--silent )?(\S+)(?: -- (.*))?$/.exec(example.trim()) ?? [];
        expect(called, example).toBe(name);
        const { operands, unknown } = createProgram()
          .commands.find((each) => each.name() === name)!
          .exitOverride()
          .parseOptions(words(rest));
        expect(unknown, example).toEqual([]);
        const last = command.registeredArguments.at(-1);
        const takes = last?.variadic === true ? Infinity : command.registeredArguments.length;
        expect(operands.length, example).toBeLessThanOrEqual(takes);
      }
    },
  );

  test('every script that runs the program is a verb', () => {
    const called = Object.values(scripts).flatMap((script) => /main\.ts (\S+)$/.exec(script)?.[1] ?? []);
    const verbs = program.commands.map((command) => command.name());
    // A script for a verb that is not there would answer with an unknown command.
    expect(called.filter((verb) => !verbs.includes(verb))).toEqual([]);
  });
});
