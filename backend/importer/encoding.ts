/**
 * Which encoding a file of text is in: by its byte order mark, else UTF-8 where all of it is, else one of the two old
 * Western code pages, told apart by which of them makes words of the bytes. Names for people and for --encoding are
 * those of iconv-lite.
 */
import { TextDecoder } from 'node:util';
import iconv from 'iconv-lite';
import { ShopError } from '../ports/errors.ts';

export type Encoding = string;

/** Bytes that are letters in windows-1252 and box-drawing signs or the like in CP850, as first and last of each range. */
const ONLY_IN_1252 = [
  [0xc0, 0xc5],
  [0xc8, 0xcf],
  [0xd9, 0xdd],
  [0xdf, 0xdf],
  [0xee, 0xef],
  [0xf0, 0xf6],
  [0xf8, 0xff],
] as const;
/** Bytes that are letters in CP850 and nothing at all in windows-1252. */
const ONLY_IN_850 = [0x81, 0x8f, 0x90];
/** Bytes that are letters in CP850 and signs in windows-1252, where they do not stand within a word. */
const WITHIN_WORDS_850 = [0x82, 0x83, 0x84, 0x86, 0x87, 0x88, 0x89, 0x8b, 0x8d, 0x94, 0x95, 0xa1, 0xa2, 0xa4, 0xa5];

/** Looks at a file's bytes, chunk by chunk. */
export class EncodingDetector {
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  #marked: Encoding | null = null;
  #isUtf8 = true;
  #begun = false;
  /** Zero bytes at even and at odd places, and all bytes. */
  readonly #zeros = { even: 0, odd: 0 };
  #bytes = 0;
  #words1252 = 0;
  #words850 = 0;
  /** The last two bytes of the chunk before, so that a word may cross the border. */
  #before: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): void {
    if (!this.#begun) this.#marked = byteOrderMark(chunk);
    this.#begun = true;
    if (this.#marked === null) {
      if (this.#isUtf8) this.#isUtf8 = decodes(this.#utf8, chunk);
      if (chunk.includes(0)) this.#countZeros(chunk);
      this.#countWords(Buffer.concat([this.#before, chunk]));
      this.#before = chunk.subarray(-2);
    }
    this.#bytes += chunk.length;
  }

  /** Throws BAD_INPUT where the file is no text, or two encodings make words of it. */
  verdict(path: string): Encoding {
    if (this.#marked !== null) return this.#marked;
    const { even, odd } = this.#zeros;
    if (even + odd > 0) return this.#withoutMark(path, even, odd);
    if (this.#isUtf8 && decodes(this.#utf8, null)) return 'utf-8';
    if (this.#words850 === 0) return 'windows-1252';
    if (this.#words1252 === 0) return 'cp850';
    throw new ShopError(
      'BAD_INPUT',
      `${path} is not UTF-8, and can be windows-1252 or cp850: say --encoding windows-1252 or --encoding cp850`,
    );
  }

  /** UTF-16 without its mark: every other byte of Western text is zero. */
  #withoutMark(path: string, even: number, odd: number): Encoding {
    if (even === 0 && odd * 4 > this.#bytes) return 'utf-16le';
    if (odd === 0 && even * 4 > this.#bytes) return 'utf-16be';
    throw new ShopError('BAD_INPUT', `${path} is not text (it has zero bytes); give a CSV file`);
  }

  #countZeros(chunk: Buffer): void {
    for (let index = chunk.indexOf(0); index !== -1; index = chunk.indexOf(0, index + 1)) {
      this.#zeros[(this.#bytes + index) % 2 === 0 ? 'even' : 'odd']++;
    }
  }

  #countWords(bytes: Buffer): void {
    for (let index = 1; index < bytes.length - 1; index++) {
      const byte = bytes[index] ?? 0;
      if (byte < 0x80) continue;
      const left = isLetter(bytes[index - 1]);
      const right = isLetter(bytes[index + 1]);
      if (ONLY_IN_850.includes(byte)) this.#words850++;
      else if (left && right && WITHIN_WORDS_850.includes(byte)) this.#words850++;
      else if ((left || right) && ONLY_IN_1252.some(([first, last]) => byte >= first && byte <= last))
        this.#words1252++;
    }
  }
}

/** As --encoding names it. Throws BAD_INPUT when there is no such encoding. */
export function encodingNamed(name: string): Encoding {
  const isKnown: boolean = iconv.encodingExists(name);
  if (isKnown) return name.toLowerCase();
  throw new ShopError(
    'BAD_INPUT',
    `--encoding: there is no encoding "${name}"; usual ones are utf-8, utf-16le, windows-1252, cp850, iso-8859-15`,
  );
}

function byteOrderMark(chunk: Buffer): Encoding | null {
  if (chunk[0] === 0xff && chunk[1] === 0xfe) return 'utf-16le';
  if (chunk[0] === 0xfe && chunk[1] === 0xff) return 'utf-16be';
  return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 'utf-8' : null;
}

function isLetter(byte = 0): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function decodes(decoder: TextDecoder, chunk: Buffer | null): boolean {
  try {
    if (chunk === null) decoder.decode();
    else decoder.decode(chunk, { stream: true });
    return true;
  } catch {
    return false;
  }
}
