/** The role `serve`: the API, its playground and the dashboard. */
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openFolder } from '../adapters/files/folder.ts';
import type { ApiContext, ComposedMail, Services } from '../graphql/context.ts';
import { buildApiSchema } from '../graphql/schema.ts';
import { startApi } from '../graphql/server/server.ts';
import { Live } from '../live/live.ts';
import { Progress } from '../live/progress.ts';
import { Rebuilds } from '../live/rebuilds.ts';
import { Verified } from '../live/verified.ts';
import { compose, type ComposeOptions } from '../mailer/compose.ts';
import { handledEventOf } from '../queries/emails.ts';
import type { Order } from '../queries/orders.ts';
import type { Replays } from '../replay/replays.ts';
import { issueReport } from '../reporter/reporter.ts';
import type { Shop } from '../shop/commands.ts';
import { openShopClient } from '../shop/endpoint.ts';
import { rememberedCollections } from './collections.ts';
import { ownGroup } from './connect.ts';
import { openReplays, reporterOptions, type Role, type RoleContext } from './roles.ts';
import { Verifying } from './verifying.ts';

export interface Serving extends Role {
  readonly url: string;
}

export interface ServingOptions {
  readonly shop: Shop;
  readonly replays: Replays;
  readonly makeReport: Services['makeReport'];
  readonly port: number;
}

const FRONTEND = fileURLToPath(new URL('../../frontend/dist', import.meta.url));
const REPORTS = '/reports/files/';

/** Serves the API. Rejects with BAD_INPUT when it may not or cannot listen. */
export async function startServing(context: RoleContext, options: ServingOptions): Promise<Serving> {
  const { connection, settings, logger, clock } = context;
  const { log, models, announcements, currency, minorDigits } = connection;
  const collections = rememberedCollections(models, clock);
  const progress = new Progress({ log, models, clock });
  const group = ownGroup('live');
  const { timeZone } = settings;
  const live = new Live({
    log,
    models,
    announcements,
    progress,
    clock,
    logger,
    collections,
    timeZone,
    currency,
    group,
  });
  const rebuilds = new Rebuilds(options.replays);
  const verified = new Verified({ models, clock, logger, collections, everyMs: settings.verifyMs });
  const services: Services = {
    name: 'Shopstream',
    version: (createRequire(import.meta.url)('../../package.json') as { version: string }).version,
    mode: connection.mode === 'embedded' ? 'EMBEDDED' : 'ENGINES',
    timeZone,
    currency,
    minorDigits,
    clock,
    log,
    models,
    collections,
    shop: options.shop,
    live,
    progress,
    rebuilds,
    verified,
    makeReport: options.makeReport,
    mailOf: mailsIn(settings.mailboxDir, { timeZone, minorDigits }),
    reportUrl: (file) => REPORTS + encodeURIComponent(file),
  };
  await live.start();
  try {
    const api = await startApi<ApiContext>({
      schema: await buildApiSchema(),
      context: ({ operator }) => ({ services, operator }),
      host: settings.host,
      port: options.port,
      operatorToken: settings.operatorToken,
      allowedOrigins: settings.allowedOrigins,
      logger,
      staticDir: existsSync(FRONTEND) ? FRONTEND : null,
      playgroundDir: existsSync(FRONTEND) ? `${FRONTEND}/playground` : null,
      filesDirs: { [REPORTS]: settings.reportsDir },
    });
    const verifying = new Verifying({ settings, clock, logger, verified });
    const stop = async (): Promise<void> => {
      await Promise.all([api.close(), verifying.stop()]);
      rebuilds.stop();
      await verified.stop();
      await live.stop();
    };
    return { name: 'serve', url: api.url, ended: new Promise(() => {}), stop };
  } catch (error) {
    rebuilds.stop();
    await verified.stop();
    await live.stop();
    throw error;
  }
}

/** As a process of its own, beside the shop and the projectors. */
export async function startServingAlone(context: RoleContext, port: number): Promise<Serving> {
  const replays = await openReplays(context, null);
  try {
    const serving = await startServing(context, {
      shop: openShopClient(context.settings.shopUrl.href),
      replays,
      makeReport: async (day) => (await issueReport(day, reporterOptions(context))).event,
      port,
    });
    const stop = async (): Promise<void> => {
      await serving.stop();
      await replays.stop();
    };
    return { ...serving, stop };
  } catch (error) {
    await replays.stop();
    throw error;
  }
}

/** The message of an order as the mailer writes it, and whether its file is in this machine's mailbox. */
function mailsIn(mailboxDir: string, inShop: ComposeOptions): (order: Order) => Promise<ComposedMail | null> {
  const folder = openFolder(mailboxDir);
  return async (order) => {
    const event = handledEventOf(order);
    if (event === null) return null;
    const { to, subject, text, path, bytes } = await compose(event, inShop);
    return { to, subject, text, file: path, written: await folder.has(path), source: bytes.toString('utf8') };
  };
}
