/** Java, Maven, and jars from Maven Central in a cache folder. */
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../ports/logger.ts';
import { ShopError } from '../ports/errors.ts';
import { run } from './process.ts';

/** Jars are kept there, for every run of this project. */
export const CACHE_DIR = path.resolve(import.meta.dirname, '../../.cache');

const JAVA_VERSION_MIN = 17;
const DOWNLOAD_WAIT_MAX_MS = 15 * 60_000;

/** `group:artifact:version`. */
export type Coordinates = string;

/** Why Java cannot be used and what to install; null when it can. */
export async function missingJava(): Promise<string | null> {
  const { ok, output, errors } = await run('java', ['-version']);
  if (!ok)
    return `Java ${JAVA_VERSION_MIN} or later is not installed (Debian: apt-get install openjdk-17-jdk-headless)`;
  const version = Number(/version "(\d+)/.exec(errors + output)?.[1] ?? 0);
  if (version >= JAVA_VERSION_MIN) return null;
  return `Java ${version} is too old; install Java ${JAVA_VERSION_MIN} or later (Debian: apt-get install openjdk-17-jdk-headless)`;
}

/** Why jars cannot be had and what to install; null when they are in the cache or Maven is there. */
export async function missingJars(cacheDir: string, name: string): Promise<string | null> {
  if (await exists(path.join(cacheDir, name))) return null;
  if ((await run('mvn', ['-v'])).ok) return null;
  return 'Maven is not installed (Debian: apt-get install maven)';
}

/**
 * The folder with the jars of these artifacts and all that they need, from Maven Central at the first time.
 * `name` says what is in it, versions included: a folder that exists is complete.
 */
export async function jarsOf(
  cacheDir: string,
  name: string,
  artifacts: readonly Coordinates[],
  logger: Logger,
): Promise<string> {
  const target = path.join(cacheDir, name);
  if (await exists(target)) return target;
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(path.join(cacheDir, `${name}.part-`));
  try {
    logger.info({ artifacts }, `downloading ${name} from Maven Central (once)`);
    await writeFile(path.join(work, 'pom.xml'), pomOf(artifacts));
    const args = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
    const { ok, output, errors } = await run('mvn', args, { cwd: work, limitMs: DOWNLOAD_WAIT_MAX_MS });
    const jars = path.join(work, 'jars');
    if (!ok || !(await exists(jars)) || (await readdir(jars)).length === 0) {
      const said = `${output}\n${errors}`.trim().split('\n').slice(0, 5).join(' ');
      throw new ShopError(
        'UNAVAILABLE',
        `Maven could not download ${name}; check the network or Maven's mirrors: ${said}`,
      );
    }
    // Another process may have been faster; what it brought is the same.
    await rename(jars, target).catch(async (error: unknown) => {
      if (!(await exists(target))) throw error;
    });
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export function classPath(jars: string): string {
  return path.join(jars, '*');
}

function pomOf(artifacts: readonly Coordinates[]): string {
  const dependencies = artifacts.map((each) => {
    const [group = '', artifact = '', version = ''] = each.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>shopstream</groupId><artifactId>engines</artifactId><version>1</version>
<dependencies>${dependencies.join('\n')}</dependencies></project>
`;
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
