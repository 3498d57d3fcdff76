/**
 * Made-up customers, mostly from the Nordic countries. Each is a pure function of the seed and its number;
 * they come back, the ones with low numbers more often. Mail addresses are at example.com, which nobody owns.
 */
import { faker as danish } from '@faker-js/faker/locale/da';
import { faker as german } from '@faker-js/faker/locale/de';
import { faker as british } from '@faker-js/faker/locale/en_GB';
import { faker as finnish } from '@faker-js/faker/locale/fi';
import { faker as norwegian } from '@faker-js/faker/locale/nb_NO';
import { faker as swedish } from '@faker-js/faker/locale/sv';
import type { Faker } from '@faker-js/faker';
import type { Customer } from '../events/events.ts';
import { murmur2 } from '../events/topics.ts';
import { chooseIndex, cumulate, type Random } from './random.ts';

/** How many different customers one simulation has at the most. */
const CUSTOMERS_MAX = 5_000;

const COUNTRIES: readonly { country: string; faker: Faker; weight: number }[] = [
  { country: 'SE', faker: swedish, weight: 62 },
  { country: 'NO', faker: norwegian, weight: 11 },
  { country: 'DK', faker: danish, weight: 9 },
  { country: 'FI', faker: finnish, weight: 8 },
  { country: 'DE', faker: german, weight: 6 },
  { country: 'GB', faker: british, weight: 4 },
];
const WEIGHTS = cumulate(COUNTRIES.map(({ weight }) => weight));

/** Gives the customer of the next order. Faker is slow, so a customer is made when first chosen and kept. */
export function customersOf(seed: number, random: Random): () => Customer {
  const known: (Customer | undefined)[] = new Array<Customer | undefined>(CUSTOMERS_MAX);
  return () => {
    const u = random();
    const number = Math.floor(u * u * CUSTOMERS_MAX);
    return (known[number] ??= makeCustomer(seed, number));
  };
}

function makeCustomer(seed: number, number: number): Customer {
  // The locale's instance is seeded just before it is used, so that the order of use does not matter.
  const hash = murmur2(Buffer.from(`customer ${seed} ${number}`)) >>> 0;
  const chosen = COUNTRIES[chooseIndex(WEIGHTS, (hash % 10_007) / 10_007)];
  if (chosen === undefined) throw new Error('there are no countries');
  chosen.faker.seed(hash);
  const first = chosen.faker.person.firstName();
  const last = chosen.faker.person.lastName();
  const local = `${ascii(first)}.${ascii(last)}.${number + 1}`;
  return {
    id: `C-${seed}-${String(number + 1).padStart(4, '0')}`,
    name: `${first} ${last}`,
    email: `${local}@example.com`,
    country: chosen.country,
  };
}

const LETTERS: Readonly<Record<string, string>> = { ø: 'o', æ: 'ae', ß: 'ss', ð: 'd', þ: 'th', ł: 'l' };

function ascii(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[øæßðþł]/g, (letter) => LETTERS[letter] ?? '')
    .normalize('NFD')
    .replace(/[^a-z0-9]/g, '');
  return plain === '' ? 'x' : plain;
}
