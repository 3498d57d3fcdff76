/** The environment as the program takes it: the process's own, and what `.env` adds; no name that is ours but misspelled. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { distance } from 'fastest-levenshtein';
import { NOT_TEXT, textOf, visible, visibleName } from '../domain/written-text.ts';
import { ShopError, isShopError } from '../ports/errors.ts';
import { nearest } from './nearest.ts';
import { readSettings, SETTINGS } from './settings.ts';

type Environment = Record<string, string | undefined>;

const FILE = '.env';
const NAMES: readonly string[] = SETTINGS.map(({ name }) => name);

/** Docker Compose reads the same file for these; the program has no use for them. */
const OF_COMPOSE = /^(COMPOSE_|DOCKER_)|^SHOP_[UG]ID$/;

/**
 * How far a name may be from one of ours to be taken for it, by the letters that ours has without "_". HOST and PORT
 * are too short for it: within one letter of them there is as much of others (HOST and POST, PORT and SORT) as of ours.
 */
const LETTERS_MIN = 7;
const LETTERS_LONG = 10;

/** `PORT=4001` in line 3 of the file. */
interface Line {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/**
 * Adds what `folder`'s `.env` sets and `environment` does not, then refuses misspelled names and wrong values. Throws
 * BAD_INPUT, naming the file and the line where that is where it comes from.
 */
export function prepareEnvironment(folder: string, environment: Environment): void {
  const lines = readLines(path.join(folder, FILE));
  // One that is there but empty wins, too: that is how a line of the file is switched off for once.
  const fromFile = lines.filter(({ name }) => environment[name] === undefined);
  for (const { name, value } of fromFile) environment[name] = value;
  refuseMisspelled(Object.keys(environment).filter((name) => (environment[name] ?? '').trim() !== ''));
  try {
    readSettings(environment);
  } catch (error) {
    // The message of a wrong setting begins with its name.
    const at = fromFile.find(({ name }) => isShopError(error) && error.message.startsWith(`${name} `));
    throw at === undefined ? error : bad(`${FILE}, line ${at.line}: ${(error as ShopError).message}`);
  }
}

/** Each line stands for itself, so that what cannot be read is known by its number. */
function readLines(file: string): readonly Line[] {
  const lines = read(file)
    .split(/\r\n|\n|\r/)
    .flatMap((text, index) => readLine(text, index + 1));
  for (const { name, line } of lines) {
    const first = lines.find((each) => each.name === name);
    if (first !== undefined && first.line !== line)
      throw bad(`${FILE}, line ${line}: ${name} is set in line ${first.line} already: take one of them out`);
  }
  return lines.filter(({ name }) => !OF_COMPOSE.test(name));
}

function readLine(text: string, line: number): readonly Line[] {
  if (/^\s*(#|$)/.test(text)) return [];
  const [entry] = Object.entries(parseEnv(text));
  if (entry === undefined) throw bad(`${FILE}, line ${line}: "${text.trim()}" is not NAME=value`);
  const [name, value = ''] = entry;
  if (!NAMES.includes(name) && !OF_COMPOSE.test(name)) {
    const near = nearest(name.toUpperCase(), NAMES);
    const hint = near === null ? 'npm start -- --help lists them' : `did you mean ${near}?`;
    throw bad(`${FILE}, line ${line}: there is no setting ${visibleName(name)}; ${hint}`);
  }
  return [{ name, value, line }];
}

function read(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw bad(`${FILE} cannot be read (${code ?? message}): mend it or take it away`);
  }
  const text = textOf(bytes);
  if (text === null) throw bad(`${FILE} ${NOT_TEXT}`);
  return text;
}

/**
 * The environment is full of names of other programs, so an unknown one is no error by itself. One that differs from
 * ours by the underscores, the case or a slip (KAFKA_BROKER, TIMEZONE, MONGO_URI) almost surely means ours, and to
 * pass it over would start a shop that is not the one that was asked for.
 */
function refuseMisspelled(names: readonly string[]): void {
  for (const name of names) {
    if (NAMES.includes(name)) continue;
    const meant = NAMES.find((ours) => isTakenFor(name, ours));
    if (meant !== undefined)
      throw bad(
        `${visibleName(name)} is set in the environment, but there is no such setting; did you mean ${meant}? (or unset it)`,
      );
  }
}

function isTakenFor(name: string, ours: string): boolean {
  const letters = lettersOf(ours);
  if (letters.length < LETTERS_MIN) return false;
  return distance(lettersOf(name), letters) <= (letters.length < LETTERS_LONG ? 1 : 2);
}

const lettersOf = (name: string): string => name.toUpperCase().replaceAll('_', '');

function bad(message: string): ShopError {
  return new ShopError('BAD_INPUT', visible(message));
}
