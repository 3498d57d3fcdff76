/**
 * The file of what was not imported: each line with its number, the reason, and its columns as they stand. It never
 * takes the place of a file that is there: that may be another one's, or one that a person has mended.
 */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { copyFile, constants, open, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { ShopError } from '../ports/errors.ts';
import { rowsOf, type CsvFile } from './csv-file.ts';
import type { RejectReason } from './format.ts';
import type { Layout } from './layout.ts';

const ROWS_A_WRITE = 1_000;

/** The rejects file of one import, under a temporary name until publish(). */
export class RejectsFile {
  readonly #target: string;
  readonly #isNamed: boolean;
  readonly #temporary: string;

  private constructor(target: string, isNamed: boolean) {
    this.#target = target;
    this.#isNamed = isNamed;
    this.#temporary = `${target}.${process.pid}.partial`;
  }

  /**
   * Makes sure that it can be written. `target` is what a person has named; null: `<source>.rejects.csv`, or the same
   * with a number where that is taken. Throws BAD_INPUT.
   */
  static async create(target: string | null, source: string): Promise<RejectsFile> {
    const rejects = new RejectsFile(target ?? `${source}.rejects.csv`, target !== null);
    if (target !== null) {
      if (path.resolve(target) === path.resolve(source)) {
        throw new ShopError('BAD_INPUT', `${target} is the file to import; choose another one for the rejects`);
      }
      const there = await stat(target).catch(() => null);
      if (there?.isDirectory() === true) {
        throw new ShopError('BAD_INPUT', `${target} is a folder; choose a file for the rejects`);
      }
    }
    await rejects.#tried(async () => (await open(rejects.#temporary, 'wx')).close());
    return rejects;
  }

  /** Writes the rows of `source` that are rejected; what was written before is replaced. */
  async write(
    source: CsvFile,
    layout: Layout,
    reasons: ReadonlyMap<number, RejectReason>,
    onBytes?: (bytes: number) => void,
  ): Promise<void> {
    await this.#tried(async () => {
      const output = createWriteStream(this.#temporary, { flush: true });
      // Errors are thrown where they are awaited; without a listener they would end the process.
      output.on('error', () => {});
      try {
        await this.#copy(source, layout, reasons, output, onBytes);
        output.end();
        await once(output, 'close');
        if (output.errored !== null) throw output.errored;
      } finally {
        output.destroy();
      }
    });
  }

  /** Throws BAD_INPUT when another file stands under the name that a person has given. */
  async assertFree(): Promise<void> {
    if (!this.#isNamed || (await this.#isFreeOrSame(this.#target))) return;
    throw new ShopError(
      'BAD_INPUT',
      `${this.#target} is there already, and is not what this import would write; take it away or choose another name`,
    );
  }

  /** What was written gets its name, or the first one with a number that nothing else has; resolves to it. */
  async publish(): Promise<string> {
    return this.#tried(async () => {
      for (let number = 1; ; number++) {
        const name = number === 1 ? this.#target : numbered(this.#target, number);
        if ((await this.#isFreeOrSame(name)) && (await this.#take(name))) return name;
      }
    });
  }

  /** False when another file got the name meanwhile. */
  async #take(name: string): Promise<boolean> {
    try {
      await copyFile(this.#temporary, name, constants.COPYFILE_EXCL);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return this.#isFreeOrSame(name);
    }
  }

  async discard(): Promise<void> {
    await rm(this.#temporary, { force: true });
  }

  /** Whether nothing has the name, or a file of just this content. */
  async #isFreeOrSame(name: string): Promise<boolean> {
    const there = await stat(name).catch(() => null);
    if (there === null) return true;
    const own = await stat(this.#temporary);
    if (!there.isFile() || there.size !== own.size) return false;
    return (await readFile(name)).equals(await readFile(this.#temporary));
  }

  async #copy(
    source: CsvFile,
    { delimiter, header, headerLine }: Layout,
    reasons: ReadonlyMap<number, RejectReason>,
    output: WriteStream,
    onBytes?: (bytes: number) => void,
  ): Promise<void> {
    let rows: string[][] = [['line', 'reason', ...header]];
    let found = 0;
    const flush = async (): Promise<void> => {
      const chunk = stringify(rows);
      rows = [];
      if (output.errored !== null) throw output.errored;
      if (!output.write(chunk)) await Promise.race([once(output, 'drain'), once(output, 'close')]);
    };
    for await (const { line, fields } of rowsOf(source, delimiter, onBytes)) {
      const reason = line > headerLine ? reasons.get(line) : undefined;
      if (reason === undefined) continue;
      rows.push([String(line), reason, ...fields]);
      found++;
      if (rows.length >= ROWS_A_WRITE) await flush();
    }
    await flush();
    if (found !== reasons.size) {
      throw new ShopError('BAD_INPUT', `${source.path} was changed while it was read; import it again`);
    }
  }

  async #tried<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (error instanceof ShopError || code === undefined) throw error;
      throw new ShopError('BAD_INPUT', `the rejects file ${this.#target} cannot be written (${code}); choose another`, {
        cause: error,
      });
    }
  }
}

/** orders.csv.rejects.csv → orders.csv.2.rejects.csv, a.csv → a.2.csv */
function numbered(target: string, number: number): string {
  const { dir, name, ext } = path.parse(target);
  const stem = name.endsWith('.rejects') ? name.slice(0, -'.rejects'.length) : name;
  return path.join(dir, `${stem}.${number}${name.slice(stem.length)}${ext}`);
}
