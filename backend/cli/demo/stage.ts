/** What the demo plays on: a shop in a folder of its own, as one process, or each role as one on Kafka and MongoDB. */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PROJECTIONS } from '../../../projections/index.ts';
import { addDays, dayOf } from '../../domain/calendar.ts';
import { startEngines } from '../../engines/engines.ts';
import { systemClock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { removedAtExit } from '../another.ts';
import { isEnginesMode } from '../connect.ts';
import type { Settings } from '../settings.ts';
import { Child } from './child.ts';

export interface StageOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Whether to start Kafka and a MongoDB server, too. */
  readonly engines: boolean;
  /** Whether yesterday is to be there when the show begins. */
  readonly history: boolean;
  readonly onProgress: (what: string) => void;
}

export interface Stage {
  readonly mode: 'embedded' | 'engines';
  readonly apiUrl: string;
  readonly reportsDir: string;
  readonly mailboxDir: string;
  readonly logsDir: string;
  /** Folders of the demo's own, of which the last scene takes one. */
  readonly dir: string;
  /** Who folds the statistics, as a person would call it. */
  readonly projectorName: string;
  /** kill -9 for whoever folds the statistics. */
  killProjector(): Promise<void>;
  /** Starts it again; resolves when it is up. */
  startProjector(): Promise<void>;
  /** Runs a verb to its end, on the same data. */
  run(...args: string[]): Promise<{ readonly code: number | null; readonly stdout: string }>;
  /** Stops everything, and removes the folder. */
  close(): Promise<void>;
}

/** So that a mail is there within the show, and some customers wait in vain for the first attempt. */
const HANDLING = ['--delay', '15s', '--chance', '0.8', '--attempts', '2'];
const QUIET_ORDERS_PER_SECOND = '0.5';
const YESTERDAYS_ORDERS = '5000';

/** Rejects with UNAVAILABLE when a process or an engine does not come up; nothing is left behind then. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-demo-'));
  const closing: (() => Promise<void>)[] = [() => rm(dir, { recursive: true, force: true })];
  const children = new Map<string, Child>();
  const forget = removedAtExit(dir);
  const close = async (): Promise<void> => {
    for (const child of [...children.values()].reverse()) await child.stop();
    for (const each of closing.reverse()) await each();
    forget();
  };
  try {
    return await new StageBuilder(options, dir, children, closing, close).build();
  } catch (error) {
    await close();
    throw error;
  }
}

class StageBuilder {
  readonly #options: StageOptions;
  readonly #dir: string;
  readonly #children: Map<string, Child>;
  readonly #closing: (() => Promise<void>)[];
  readonly #close: () => Promise<void>;

  constructor(
    options: StageOptions,
    dir: string,
    children: Map<string, Child>,
    closing: (() => Promise<void>)[],
    close: () => Promise<void>,
  ) {
    this.#options = options;
    this.#dir = dir;
    this.#children = children;
    this.#closing = closing;
    this.#close = close;
  }

  async build(): Promise<Stage> {
    const { settings, engines } = this.#options;
    mkdirSync(this.#in('logs'));
    const onEngines = engines || isEnginesMode(settings);
    const env = await this.#environment(onEngines);
    const apiUrl = onEngines ? await this.#startRoles(env) : await this.#startEmbedded(env);
    const projectorName = onEngines ? 'the process that folds the statistics' : "the shop's one process";
    return {
      mode: onEngines ? 'engines' : 'embedded',
      apiUrl,
      reportsDir: this.#in('reports'),
      mailboxDir: this.#in('mailbox'),
      logsDir: this.#in('logs'),
      dir: this.#dir,
      projectorName,
      killProjector: async () => {
        await this.#children.get('projector')?.kill();
      },
      startProjector: async () => {
        // At the same address, which pages that are open go on to ask.
        if (onEngines) await this.#startProjector(env);
        else await this.#startEmbedded({ ...env, PORT: new URL(apiUrl).port }, '--no-history');
      },
      run: (...args) => this.#start(args[0] ?? '', args, env).result(),
      close: this.#close,
    };
  }

  #in(folder: string): string {
    return path.join(this.#dir, folder);
  }

  /** On this machine only, and open to whoever sits there, whatever the settings are; but at the port that they name. */
  async #environment(onEngines: boolean): Promise<NodeJS.ProcessEnv> {
    const { settings, engines, logger, onProgress } = this.#options;
    const own = {
      ...process.env,
      KAFKA_BROKERS: '',
      MONGODB_URI: '',
      OPERATOR_TOKEN: '',
      SMTP_URL: '',
      HOST: '127.0.0.1',
      PORT: String(settings.port),
      SHOP_URL: onEngines ? settings.shopUrl.href : 'http://127.0.0.1:0',
      DATA_DIR: this.#in('data'),
      REPORTS_DIR: this.#in('reports'),
      MAILBOX_DIR: this.#in('mailbox'),
      LOG_LEVEL: 'info',
    };
    if (!onEngines) return own;
    const name = path.basename(this.#dir).toLowerCase();
    if (!engines) return { ...own, ...namesOn(settings.kafkaBrokers ?? [], settings.mongodbUri ?? '', name) };
    onProgress('Kafka and a MongoDB server are starting (the first time takes a minute)');
    const started = await startEngines({ dir: this.#in('engines'), logger });
    this.#closing.push(() => started.stop());
    return { ...own, ...namesOn(started.brokers, started.mongodbUri, name) };
  }

  async #startEmbedded(env: NodeJS.ProcessEnv, history?: '--no-history'): Promise<string> {
    const { onProgress } = this.#options;
    const none = history === '--no-history' || !this.#options.history;
    onProgress(none ? 'the shop is starting' : "the shop is starting; it writes yesterday's and today's orders");
    const args = ['start', '--rate', QUIET_ORDERS_PER_SECOND, ...HANDLING, ...(none ? ['--no-history'] : [])];
    const shop = this.#start('projector', args, env);
    return (await shop.printed(/API\S*\s+(http:\S+)\/graphql/))[1] ?? '';
  }

  async #startRoles(env: NodeJS.ProcessEnv): Promise<string> {
    const { onProgress, history, settings } = this.#options;
    onProgress('each role is starting as a process of its own');
    // The shop makes the topics.
    await this.#role(env, 'shop');
    const merged = PROJECTIONS.filter(({ kind }) => kind === 'merged').map(({ name }) => name);
    const serve = this.#start('serve', ['serve'], env);
    await Promise.all([
      this.#startProjector(env),
      this.#role(env, 'project', ...merged),
      ...['handle', 'mail', 'report'].map((role) => this.#role(env, role)),
      serve.printed(/Running/),
    ]);
    if (history) {
      onProgress("yesterday's orders are being written");
      const yesterday = addDays(dayOf(systemClock.now(), settings.timeZone), -1);
      const args = ['simulate', '--day', yesterday, '--orders', YESTERDAYS_ORDERS, ...HANDLING];
      await this.#start('history', args, env).result();
    }
    await this.#role(env, 'simulate', '--rate', QUIET_ORDERS_PER_SECOND, ...HANDLING);
    return (await serve.printed(/"dashboard":"(http:[^"]+)"/))[1] ?? '';
  }

  async #startProjector(env: NodeJS.ProcessEnv): Promise<void> {
    const statistics = PROJECTIONS.filter(({ kind }) => kind === 'folded').map(({ name }) => name);
    await this.#start('projector', ['project', ...statistics], env).printed(/Running/);
  }

  async #role(env: NodeJS.ProcessEnv, ...args: string[]): Promise<void> {
    await this.#start(args[0] ?? '', args, env).printed(/Running/);
  }

  #start(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
    const child = new Child({ args, env, logFile: path.join(this.#in('logs'), `${name}.log`) });
    this.#children.set(name, child);
    return child;
  }
}

/** Names of the demo's own, so that nothing else there is touched. */
function namesOn(brokers: readonly string[], mongodbUri: string, name: string): NodeJS.ProcessEnv {
  const uri = new URL(mongodbUri);
  uri.pathname = `/${name}`;
  return { KAFKA_BROKERS: brokers.join(','), MONGODB_URI: uri.href, TOPIC_PREFIX: `${name}-` };
}
