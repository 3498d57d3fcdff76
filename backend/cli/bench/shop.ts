/** The shop and its customers, each in a process of its own, on whatever it is measured on. */
import { spawn, type ChildProcess } from 'node:child_process';
import { killedAtExit, MAIN, NODE_OPTIONS } from '../another.ts';
import { ended, printed } from '../soak/shop-process.ts';

export interface RunningShop {
  /** Of the API. */
  readonly url: string;
  /** Of the shop's own endpoint. */
  readonly endpoint: string;
  readonly pid: number;
  readonly close: () => Promise<void>;
}

/** Without a simulator. Rejects with UNAVAILABLE when it does not come up. */
export async function startShop(env: NodeJS.ProcessEnv): Promise<RunningShop> {
  const child = start(['start', '--no-simulator', '--no-history'], env);
  try {
    const [url, endpoint] = await Promise.all([
      printed(child.process, 'stdout', /API\S*\s+(http:\S+)\/graphql/),
      printed(child.process, 'stdout', /endpoint\S*\s+(http:\S+)/),
    ]);
    return { url, endpoint, pid: child.process.pid ?? 0, close: child.close };
  } catch (error) {
    await child.close();
    throw error;
  }
}

/** Orders at this rate until it is closed. */
export function startSimulator(env: NodeJS.ProcessEnv, endpoint: string, rate: number): Child {
  const args = ['simulate', '--rate', String(rate), '--flat', '--delay', '20s', '--for', '7d'];
  return start(args, { ...env, SHOP_URL: endpoint });
}

interface Child {
  readonly process: ChildProcess;
  readonly close: () => Promise<void>;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv): Child {
  const child = spawn(process.execPath, [...NODE_OPTIONS, MAIN, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C is for this process, which then stops the others.
    detached: true,
  });
  const forget = killedAtExit(child);
  const close = async (): Promise<void> => {
    await ended(child);
    forget();
  };
  return { process: child, close };
}
