/** The settings: the one place that reads the environment. Wrong values are refused by name, in one line. */
import path from 'node:path';
import { isTimeZone } from '../domain/calendar.ts';
import { isCurrency } from '../domain/money.ts';
import { MINOR_DIGITS_MAX } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';
import { nearest } from './nearest.ts';

export interface Settings {
  /** host:port of each broker; with `mongodbUri` set: engines mode. */
  readonly kafkaBrokers: readonly string[] | null;
  readonly mongodbUri: string | null;
  /** Put before every topic, group and writer name, so that several shops can share a Kafka. */
  readonly topicPrefix: string;
  /** Where the shop's internal endpoint answers. */
  readonly shopUrl: URL;
  /** The address that the API and the dashboard listen at, and the endpoint of a shop that is a process of its own. */
  readonly host: string;
  /** The port of the API and the dashboard. */
  readonly port: number;
  /** What operators have to know; null: everybody is one, which is allowed on this machine alone. */
  readonly operatorToken: string | null;
  /** Pages of other origins that may open sockets to the API. */
  readonly allowedOrigins: readonly string[];
  readonly dataDir: string;
  readonly reportsDir: string;
  readonly mailboxDir: string;
  /** IANA name of the shop's zone, in which days begin. */
  readonly timeZone: string;
  /** ISO 4217; null: the log's own, or SEK for a new log. */
  readonly currency: string | null;
  /** The decimals of the amounts in a log that does not say; null: not told. */
  readonly minorDigits: number | null;
  readonly smtpUrl: string | null;
  /** How long after midnight the reporter takes the log's ends, for what is still on its way. */
  readonly reportGraceMs: number;
  /** The least pause between two rounds of verification beside the API; 0: there are none. */
  readonly verifyMs: number;
  readonly logLevel: string;
}

interface SettingDescription {
  readonly name: string;
  readonly default: string;
  readonly about: string;
}

/** Every setting, for `--help`, the README, docs/running.md and `.env.example`. */
export const SETTINGS: readonly SettingDescription[] = [
  { name: 'KAFKA_BROKERS', default: '', about: 'host:port, comma-separated; with MONGODB_URI: engines mode' },
  { name: 'MONGODB_URI', default: '', about: 'mongodb://host:port/database; with KAFKA_BROKERS: engines mode' },
  { name: 'TOPIC_PREFIX', default: '', about: 'put before every topic, so that several shops can share a Kafka' },
  { name: 'SHOP_URL', default: 'http://127.0.0.1:7070', about: "where the shop's internal endpoint answers" },
  { name: 'HOST', default: '127.0.0.1', about: 'the address that the API and the dashboard listen at' },
  { name: 'PORT', default: '4000', about: 'the port of the API and the dashboard' },
  {
    name: 'OPERATOR_TOKEN',
    default: '',
    about: 'a secret for who operates the shop; needed unless HOST is this machine',
  },
  { name: 'ALLOWED_ORIGINS', default: '', about: 'origins of other pages that may open sockets, comma-separated' },
  { name: 'DATA_DIR', default: 'data', about: 'where the embedded log and read models are kept' },
  { name: 'REPORTS_DIR', default: 'reports', about: 'where daily reports are written' },
  { name: 'MAILBOX_DIR', default: 'mailbox', about: 'where mails are written' },
  {
    name: 'TIME_ZONE',
    default: 'Europe/Stockholm',
    about: 'IANA time zone in which days begin; must be that of the reports',
  },
  { name: 'CURRENCY', default: 'SEK', about: 'ISO 4217 code of a new log; must fit an existing one' },
  {
    name: 'MINOR_DIGITS',
    default: '',
    about: 'decimals of the amounts in an older log that does not say; asked for once',
  },
  { name: 'SMTP_URL', default: '', about: 'smtp://user:password@host:port: mails are sent there, too' },
  {
    name: 'REPORT_GRACE_SECONDS',
    default: '5',
    about: 'how long after midnight a report waits for what is on its way',
  },
  { name: 'VERIFY_SECONDS', default: '60', about: 'the least pause between two rounds of verification; 0: none' },
  { name: 'LOG_LEVEL', default: 'info', about: 'debug, info, warn, error or silent' },
  { name: 'CHROMIUM_PATH', default: '', about: 'where Chromium is, for soak and the tests; else it is looked for' },
];

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

/** Reads the settings from `environment`. Throws BAD_INPUT, naming what is wrong and what would be right. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const text = (name: string): string => {
    const given = environment[name]?.trim() ?? '';
    return given === '' ? (SETTINGS.find((each) => each.name === name)?.default ?? '') : given;
  };
  const kafkaBrokers = brokersOf(text('KAFKA_BROKERS'));
  const mongodbUri = text('MONGODB_URI') === '' ? null : text('MONGODB_URI');
  if ((kafkaBrokers === null) !== (mongodbUri === null)) {
    const [set, missing] = kafkaBrokers === null ? ['MONGODB_URI', 'KAFKA_BROKERS'] : ['KAFKA_BROKERS', 'MONGODB_URI'];
    throw bad(`${set} is set but ${missing} is not: set both (engines mode) or neither (embedded)`);
  }
  if (mongodbUri !== null && !/^mongodb(\+srv)?:\/\//.test(mongodbUri)) {
    throw bad(`MONGODB_URI is "${mongodbUri}", which does not begin with mongodb://`);
  }
  const timeZone = text('TIME_ZONE');
  if (!isTimeZone(timeZone)) {
    // eslint-disable-next-line no-restricted-syntax -- for a hint alone: whether it is a zone is decided above.
    const hint = meant(timeZone, Intl.supportedValuesOf('timeZone'));
    throw bad(`TIME_ZONE is "${timeZone}", which is no IANA time zone such as Europe/Stockholm${hint}`);
  }
  const currency = (environment['CURRENCY'] ?? '').trim() === '' ? null : currencyOf(text('CURRENCY'), 'CURRENCY');
  const logLevel = text('LOG_LEVEL');
  if (!LOG_LEVELS.includes(logLevel)) {
    throw bad(`LOG_LEVEL is "${logLevel}"; it is one of ${LOG_LEVELS.join(', ')}${meant(logLevel, LOG_LEVELS)}`);
  }
  return {
    kafkaBrokers,
    mongodbUri,
    topicPrefix: prefixOf(text('TOPIC_PREFIX')),
    shopUrl: urlOf(text('SHOP_URL'), 'SHOP_URL', ['http:', 'https:']),
    host: text('HOST'),
    port: portOf(text('PORT')),
    operatorToken: text('OPERATOR_TOKEN') === '' ? null : text('OPERATOR_TOKEN'),
    allowedOrigins: originsOf(text('ALLOWED_ORIGINS')),
    dataDir: path.resolve(text('DATA_DIR')),
    reportsDir: path.resolve(text('REPORTS_DIR')),
    mailboxDir: path.resolve(text('MAILBOX_DIR')),
    timeZone,
    currency,
    minorDigits: minorDigitsOf(text('MINOR_DIGITS')),
    smtpUrl: text('SMTP_URL') === '' ? null : urlOf(text('SMTP_URL'), 'SMTP_URL', ['smtp:', 'smtps:']).href,
    reportGraceMs: secondsOf(text, 'REPORT_GRACE_SECONDS') * 1_000,
    verifyMs: secondsOf(text, 'VERIFY_SECONDS') * 1_000,
    logLevel,
  };
}

/** An ISO 4217 code, as `where` has it. Throws BAD_INPUT. */
export function currencyOf(text: string, where: string): string {
  const code = text.toUpperCase();
  if (isCurrency(code)) return code;
  throw bad(`${where} is "${text}", which is no ISO 4217 code of a currency with a minor unit, such as SEK`);
}

function minorDigitsOf(text: string): number | null {
  if (text === '') return null;
  const digits = Number(text);
  if (/^\d$/.test(text) && digits <= MINOR_DIGITS_MAX) return digits;
  throw bad(`MINOR_DIGITS is "${text}", which is no number of decimals from 0 to ${MINOR_DIGITS_MAX}`);
}

function prefixOf(text: string): string {
  if (/^[a-zA-Z0-9._-]{0,100}$/.test(text)) return text;
  throw bad(`TOPIC_PREFIX is "${text}"; Kafka takes letters, digits, ".", "_" and "-" in a topic's name`);
}

function secondsOf(textOf: (name: string) => string, name: string): number {
  const text = textOf(name);
  if (/^\d{1,5}(\.\d{1,3})?$/.test(text)) return Number(text);
  throw bad(`${name} is "${text}", which is no number of seconds`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw bad(`PORT is "${text}", which is no port from 0 (any that is free) to 65535`);
}

function originsOf(text: string): readonly string[] {
  if (text === '') return [];
  return text.split(',').map((each) => {
    const given = each.trim();
    const url = URL.canParse(given) ? new URL(given) : null;
    if (url !== null && /^https?:$/.test(url.protocol) && url.origin === given.replace(/\/$/, '')) return url.origin;
    throw bad(`ALLOWED_ORIGINS has "${given}", which is no origin such as https://shop.example.org`);
  });
}

function brokersOf(text: string): readonly string[] | null {
  if (text === '') return null;
  const brokers = text.split(',').map((each) => each.trim());
  const wrong = brokers.find((each) => !/^[^\s:]+:\d{1,5}$/.test(each) && !/^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(each));
  if (wrong !== undefined) throw bad(`KAFKA_BROKERS has "${wrong}", which is not host:port`);
  return brokers;
}

function urlOf(text: string, name: string, protocols: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !protocols.includes(url.protocol)) {
    throw bad(`${name} is "${text}", which is no URL that begins with ${protocols[0] ?? ''}//`);
  }
  return url;
}

/** Ends a message with what would be right, when something right is near. */
function meant(text: string, known: readonly string[]): string {
  const near = nearest(text, known);
  return near === null ? '' : `; did you mean ${near}?`;
}

function bad(message: string): ShopError {
  return new ShopError('BAD_INPUT', message);
}
