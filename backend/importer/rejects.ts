/** The file of what was not imported: each line with its number, the reason, and its columns as they stand. */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { ShopError } from '../ports/errors.ts';
import { rowsOf, type CsvFile } from './csv-file.ts';
import type { RejectReason } from './format.ts';

const ROWS_A_WRITE = 1_000;

/**
 * The rejects file of one import, under a temporary name until publish(). Throws BAD_INPUT when it cannot be
 * written, before anything else is done.
 */
export class RejectsFile {
  readonly path: string;
  readonly #temporary: string;

  private constructor(target: string) {
    this.path = target;
    this.#temporary = `${target}.partial`;
  }

  static async create(target: string, source: string): Promise<RejectsFile> {
    const rejects = new RejectsFile(target);
    if (path.resolve(target) === path.resolve(source)) {
      throw new ShopError('BAD_INPUT', `${target} is the file to import; choose another one for the rejects`);
    }
    const there = await stat(target).catch(() => null);
    if (there?.isDirectory() === true) {
      throw new ShopError('BAD_INPUT', `${target} is a folder; choose a file for the rejects`);
    }
    await rejects.#tried(async () => (await open(rejects.#temporary, 'w')).close());
    return rejects;
  }

  /** Writes the rows of `source` that are rejected; the former content is replaced. */
  async write(
    source: CsvFile,
    delimiter: string | undefined,
    reasons: ReadonlyMap<number, RejectReason>,
    onBytes?: (bytes: number) => void,
  ): Promise<void> {
    await this.#tried(async () => {
      const output = createWriteStream(this.#temporary, { flush: true });
      // Errors are thrown where they are awaited; without a listener they would end the process.
      output.on('error', () => {});
      try {
        await this.#copy(source, delimiter, reasons, output, onBytes);
        output.end();
        await once(output, 'close');
        if (output.errored !== null) throw output.errored;
      } finally {
        output.destroy();
      }
    });
  }

  /** What was written gets its name; of nothing, an older file of that name is removed. */
  async publish(isEmpty: boolean): Promise<void> {
    await this.#tried(async () => {
      if (isEmpty) {
        await this.discard();
        await rm(this.path, { force: true });
      } else await rename(this.#temporary, this.path);
    });
  }

  async discard(): Promise<void> {
    await rm(this.#temporary, { force: true });
  }

  async #copy(
    source: CsvFile,
    delimiter: string | undefined,
    reasons: ReadonlyMap<number, RejectReason>,
    output: WriteStream,
    onBytes?: (bytes: number) => void,
  ): Promise<void> {
    let rows: string[][] = [];
    let found = 0;
    let isHeader = true;
    const flush = async (): Promise<void> => {
      const chunk = stringify(rows);
      rows = [];
      if (output.errored !== null) throw output.errored;
      if (!output.write(chunk)) await Promise.race([once(output, 'drain'), once(output, 'close')]);
    };
    for await (const { line, fields } of rowsOf(source, delimiter, onBytes)) {
      const reason = reasons.get(line);
      if (isHeader) rows.push(['line', 'reason', ...fields]);
      else if (reason !== undefined) {
        rows.push([String(line), reason, ...fields]);
        found++;
      }
      isHeader = false;
      if (rows.length >= ROWS_A_WRITE) await flush();
    }
    await flush();
    if (found !== reasons.size) {
      throw new ShopError('BAD_INPUT', `${source.path} was changed while it was read; import it again`);
    }
  }

  async #tried(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (error instanceof ShopError || code === undefined) throw error;
      throw new ShopError(
        'BAD_INPUT',
        `the rejects file ${this.path} cannot be written (${code}); choose another one`,
        {
          cause: error,
        },
      );
    }
  }
}
