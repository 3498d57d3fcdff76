/** The verbs and their options. Each verb's work is in verbs/, loaded when it is called. */
import { Argument, Command, Option } from 'commander';
import { DECIMAL_SIGNS } from '../importer/numbers.ts';
import {
  chance,
  currency,
  day,
  delimiter,
  duration,
  figuresFile,
  file,
  integer,
  port,
  positiveInteger,
  positiveNumber,
  timeZone,
} from './options.ts';
import { SETTINGS } from './settings.ts';

const DEFAULT_RATE = 0.5;
const DEFAULT_CHANCE = 0.8;
const DEFAULT_DELAY_MS = 120_000;
const DEFAULT_SEED = 42;

/** How a verb is called from npm, for examples. */
const npm = (verb: string, rest = ''): string => `npm run ${verb}${rest === '' ? '' : ` -- ${rest}`}`;

function verb(program: Command, name: string, about: string, examples: readonly string[]): Command {
  const shown = examples.map((each) => `  ${each}`).join('\n');
  return program.command(name).description(about).addHelpText('after', `\nExamples:\n${shown}`);
}

function withSimulation(command: Command): Command {
  return command
    .option('--rate <n>', 'orders a second, on the average of a day', positiveNumber, DEFAULT_RATE)
    .option('--chance <p>', 'the chance that an attempt handles an order (0.8 or 80%)', chance, DEFAULT_CHANCE)
    .option('--delay <time>', 'the mean time before an attempt (90s, 10m, 2h)', duration, DEFAULT_DELAY_MS)
    .option('--attempts <n>', 'how many attempts are made at the most', positiveInteger, 1)
    .option('--seed <n>', 'seed of the random customers', integer, DEFAULT_SEED)
    .option('--flat', 'the same rate at any time of day, for loads', false)
    .option('--catalogue <file>', 'a catalogue of your own (JSON)', file);
}

type Action = (...parameters: never[]) => Promise<void>;

/** Loads a verb's module and calls its `run` with the parsed arguments. */
function lazily(load: () => Promise<{ run: Action }>): (...parameters: unknown[]) => Promise<void> {
  return async (...parameters) => {
    const { run } = await load();
    await run(...(parameters as never[]));
  };
}

export function createProgram(): Command {
  const program = new Command('shopstream')
    .description('An event-sourced shop: embedded with one command, or on Kafka and MongoDB.')
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('afterAll', settingsHelp());
  addRoles(program);
  addWriting(program);
  addReading(program);
  addMeasuring(program);
  addRebuilding(program);
  return program;
}

function addRoles(program: Command): void {
  withSimulation(
    verb(program, 'start', 'Runs the whole shop in this process.', [
      'npm start',
      'npm start -- --rate 5',
      'npm start -- --engines',
    ]),
  )
    .option('--engines', 'start Kafka and a MongoDB server without Docker, and run on them', false)
    .option('--no-simulator', 'place no orders')
    .option(
      '--no-history',
      "do not fill an empty embedded log with yesterday's and today's orders, nor go on with that",
    )
    .option('--port <n>', 'port of the API and the dashboard (default: PORT, 4000)', port)
    .option('--shop-port <n>', "port of the shop's own endpoint (default: that of SHOP_URL)", port)
    .action(lazily(() => import('./verbs/start.ts')));
  verb(program, 'engines', 'Starts Kafka and a MongoDB server without Docker, and keeps them.', [npm('engines')])
    .option('--kafka-port <n>', 'port of Kafka', port, 9092)
    .option('--mongo-port <n>', 'port of the MongoDB server', port, 27017)
    .action(lazily(() => import('./verbs/engines.ts')));
  verb(program, 'shop', 'The shop: decides on orders and stock, and writes them to the log.', [npm('shop')])
    .option('--port <n>', 'port of its endpoint (default: that of SHOP_URL)', port)
    .action(lazily(() => import('./verbs/shop.ts')));
  verb(program, 'serve', 'The API with its playground, and the dashboard.', [npm('serve')])
    .option('--port <n>', 'its port (default: PORT, 4000)', port)
    .action(lazily(() => import('./verbs/serve.ts')));
  verb(program, 'project', 'Folds events into read models.', [npm('project'), npm('project', 'sales')])
    .addArgument(
      new Argument(
        '[projections...]',
        'order-counts, sales, products-sold, stock, handling, orders, daily-reports, country-sales; all without',
      ),
    )
    .action(lazily(() => import('./verbs/project.ts')));
  verb(program, 'handle', 'Handles orders when they are due.', [npm('handle')]).action(
    lazily(() => import('./verbs/handle.ts')),
  );
  verb(program, 'mail', 'Writes a mail for each handled order.', [
    npm('mail'),
    npm('mail', '--history'),
    npm('mail', '--list'),
  ])
    .option('--history', 'mail simulated and imported history, too (files only, never by SMTP)', false)
    .option('--list', 'list the mails that the mail server did not take, and end', false)
    .action(lazily(() => import('./verbs/mail.ts')));
}

function addWriting(program: Command): void {
  withSimulation(
    verb(program, 'simulate', 'Places orders: now, or a span of the past at once.', [
      npm('simulate', '--rate 5'),
      npm('simulate', '--day 2026-11-22 --orders 100000 --seed 42'),
      npm('simulate', '--from 2026-11-01 --to 2026-11-07 --rate 0.5'),
    ]),
  )
    .option('--day <day>', 'a whole day, in virtual time', day)
    .option('--from <day>', 'the first day of a span', day)
    .option('--to <day>', 'the last day of a span', day)
    .option('--orders <n>', 'exactly so many orders over the span', positiveInteger)
    .option('--for <time>', 'stop after this long (90s, 10m)', duration)
    .action(lazily(() => import('./verbs/simulate.ts')));
  verb(program, 'import', 'Imports real orders from a CSV of order lines.', [
    npm('import', 'orders.csv --dry-run'),
    npm('import', 'orders.csv --date-format day-first --time-zone Europe/London --currency GBP'),
  ])
    .argument('<file>', 'a CSV with a header; UCI Online Retail columns unless told otherwise', file)
    .option('--dry-run', 'say how the file is read, show its first orders, and import nothing', false)
    .option('--columns <pairs>', 'other column names, e.g. InvoiceNo=Invoice,UnitPrice=Price')
    .option(
      '--date-format <format>',
      'day-first, month-first, year-first, excel, excel-1904, unix, unix-ms, or tokens such as "dd/MM/yyyy HH:mm" (default: what the file settles)',
    )
    .addOption(
      new Option('--decimal <sign>', 'of prices and quantities (default: what the file settles)').choices(
        DECIMAL_SIGNS,
      ),
    )
    .addOption(new Option('--time-zone <zone>', "zone of the file's times (default: TIME_ZONE)").argParser(timeZone))
    .option('--currency <code>', "the file's currency (default: the log's)", currency)
    .option(
      '--delimiter <char>',
      'what separates columns; "\\t" or tab is a tab (default: what the file settles)',
      delimiter,
    )
    .option('--encoding <name>', 'of the file, such as windows-1252 or cp850 (default: what the file settles)')
    .option('--handle', 'let the imported orders be handled, in their own time', false)
    .option('--rejects <file>', 'where rejected lines go; never over another file (default: FILE.rejects.csv)', file)
    .action(lazily(() => import('./verbs/import.ts')));
  verb(program, 'report', 'Waits for midnight and writes daily reports; or writes one by hand.', [
    npm('report'),
    npm('report', '--day 2026-11-22'),
    npm('report', '--rezone'),
  ])
    .option('--day <day>', 'the report of this day, now', day)
    .option('--rezone', 'restate every report in TIME_ZONE, when that was changed', false)
    .action(lazily(() => import('./verbs/report.ts')));
}

function addRebuilding(program: Command): void {
  verb(program, 'replay', 'Rebuilds projections from the log beside the live ones, and then changes over.', [
    npm('replay', 'sales'),
    npm('replay', 'all --dry-run'),
    npm('replay', 'sales --keep'),
    npm('replay', 'sales --back'),
    npm('replay', '--order 2026-11-22-42-b847ef4d-001920'),
    npm('replay', 'all --until 2026-11-22T12:00 --view noon'),
  ])
    .argument('[projections...]', 'names of projections, or "all"')
    .option('--keep', 'keep the generation that was live, and go on folding it, for --back', false)
    .option('--back', 'make the generation that was kept live again', false)
    .option('--dry-run', 'compare and print; nothing becomes live', false)
    .option('--order <id>', "make one order's document again, and nothing else")
    .option('--until <instant>', 'build a view of the past: of events before this instant, or up to a position')
    .option('--view <name>', 'the name of the view; stats --view answers from it')
    .option('--replace', 'take the place of the view that has the name', false)
    .option('--views', 'list the views', false)
    .option('--drop <name>', 'drop a view')
    .action(lazily(() => import('./verbs/replay.ts')));
}

function addReading(program: Command): void {
  verb(program, 'stats', 'Prints every figure: orders, sales, stock, handling.', [
    npm('stats'),
    npm('stats', '--watch'),
    'npm run --silent stats -- --json --at 2026-11-22T12:00:00Z',
  ])
    .option('--at <instant>', 'as of this instant (ISO 8601; without an offset in TIME_ZONE)')
    .option('--view <name>', 'from a view of the past (see replay)')
    .option('--json', 'for programs', false)
    .option('--watch', 'go on, in place, until Ctrl-C', false)
    .action(lazily(() => import('./verbs/stats.ts')));
  verb(program, 'verify', 'Folds the log independently and compares every read-model document.', [
    npm('verify'),
    npm('verify', '--continuous'),
  ])
    .option('--continuous', 'go on, round after round as the read models move, until Ctrl-C', false)
    .option('--json', 'for programs', false)
    .action(lazily(() => import('./verbs/verify.ts')));
  verb(program, 'explain', 'Lists the events that a number is made of, and holds them against the read models.', [
    npm('explain', 'sales --hour 14'),
    npm('explain', 'orders --day 2026-11-22 --minute 14:05'),
    npm('explain', 'stock --product P-1001'),
  ])
    .argument('<figure>', 'orders, sales, handled, units (sold of a product), stock (of a product)')
    .option('--day <day>', 'the day (default: today)', day)
    .option('--hour <hour>', 'only this hour of the day (14)')
    .option('--minute <time>', 'only this minute of the day (14:05)')
    .option('--from <instant>', 'from this instant (ISO 8601; without an offset in TIME_ZONE), with --to')
    .option('--to <instant>', 'up to, and without, this instant')
    .option('--product <id>', 'units, stock: the id or the name of the product')
    .option('--all', 'list all events, not only the first 50', false)
    .option('--json', 'for programs', false)
    .action(lazily(() => import('./verbs/explain.ts')));
  verb(program, 'dead-letters', 'Lists the records that could not be decoded.', [npm('dead-letters')])
    .option('--json', 'for programs', false)
    .action(lazily(() => import('./verbs/dead-letters.ts')));
}

function addMeasuring(program: Command): void {
  verb(program, 'bench', 'Measures, as ratios with both sides in one run.', [
    npm('bench'),
    npm('bench', '--events 200000'),
    npm('bench', 'fanout --subscribers 1000 --rate 500 --seconds 300'),
    npm('bench', 'replay --events 5000000 --projections sales'),
  ])
    .argument('[parts...]', 'kafka, lmdb, orders, shop, fanout; all of these without; or replay')
    .option('--events <n>', 'how many orders', positiveInteger, 500_000)
    .option('--subscribers <n>', 'fanout: how many follow the figures', positiveInteger, 1_000)
    .option('--rate <n>', 'fanout, replay: orders a second (default: 1,000; 500)', positiveNumber)
    .option('--seconds <n>', 'fanout: for how long; replay: how long the shop is looked at before', positiveInteger, 30)
    .option('--projections <names>', 'replay: which are rebuilt, comma-separated, or "all"', 'sales')
    .option('--once', 'replay: not with a tenth of the orders first', false)
    .option('--engines', 'replay: on Kafka and MongoDB', false)
    .option('--json <file>', 'write the figures there, too', figuresFile)
    .action(lazily(() => import('./verbs/bench.ts')));
  verb(program, 'demo', 'Plays the situation of the presentation, and sees that everything in it happens.', [
    npm('demo'),
    npm('demo', '--engines --step'),
    npm('demo', '--pace 10 morning crash'),
    npm('demo', '--list'),
  ])
    .argument('[scenes...]', 'names of scenes; all without')
    .option('--engines', 'start Kafka and a MongoDB server, and play on them', false)
    .option('--pace <n>', 'so many times faster than for an audience', positiveNumber, 1)
    .option('--step', 'wait for Enter before each scene instead', false)
    .option('--no-history', "do not begin with yesterday's orders")
    .option('--stay', 'let the shop go on after the end, until Ctrl-C', false)
    .option('--list', 'list the scenes, and play none', false)
    .action(lazily(() => import('./verbs/demo.ts')));
  verb(program, 'soak', 'A long run under load: memory, and how smoothly the Live page runs.', [
    npm('soak'),
    npm('soak', '--seconds 3600 --rate 100'),
    npm('soak', '--url http://127.0.0.1:4000'),
  ])
    .option('--seconds <n>', 'for how long', positiveInteger, 300)
    .option('--rate <n>', 'orders a second', positiveNumber, 500)
    .option('--url <url>', 'a shop that runs already (default: one is started in a folder that is removed)')
    .option('--no-page', 'open no page: without Chromium')
    .option('--json <file>', 'write the figures there, too', figuresFile)
    .action(lazily(() => import('./verbs/soak.ts')));
}

function settingsHelp(): string {
  const width = Math.max(...SETTINGS.map(({ name }) => name.length));
  const lines = SETTINGS.map(
    (each) => `  ${each.name.padEnd(width)}  ${each.about}${each.default === '' ? '' : ` (${each.default})`}`,
  );
  return `\nSettings, from the environment or the file .env:\n${lines.join('\n')}`;
}
