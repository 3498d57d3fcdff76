/** What the driver throws, as the port has it. */
import { MongoBulkWriteError, MongoServerError, type WriteError } from 'mongodb';
import { isShopError, ShopError } from '../../ports/errors.ts';

const DUPLICATE_KEY = 11_000;
/** The server has no space, or is told not to write. */
const STORAGE_CODES: readonly number[] = [14031, 13435, 20];

/**
 * The operations of an unordered bulk that found another document in their place, by index. Whatever else
 * went wrong is thrown: then it is not known what was written.
 */
export function duplicatesOf(error: unknown): Set<number> {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const errors: readonly WriteError[] = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  const other = errors.find(({ code }) => code !== DUPLICATE_KEY);
  if (errors.length === 0 || other !== undefined) throw error;
  return new Set(errors.map(({ index }) => index));
}

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

export function toShopError(where: string, doing: string, error: unknown): ShopError {
  if (isShopError(error)) return error;
  const said = (error as Error).message.split('\n')[0] ?? '';
  if (error instanceof MongoServerError && STORAGE_CODES.includes(Number(error.code))) {
    return new ShopError('STORAGE', `MongoDB at ${where} cannot store (${doing}): ${said}`, { cause: error });
  }
  return new ShopError('UNAVAILABLE', `MongoDB at ${where} failed (${doing}): ${said}`, { cause: error });
}

export function unanswered(where: string, cause: unknown): ShopError {
  return new ShopError('UNAVAILABLE', `MongoDB does not answer at ${where}; start it or mend MONGODB_URI`, { cause });
}
