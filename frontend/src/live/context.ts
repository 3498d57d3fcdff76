/** What every page has: the shop, and its figures as they change. */
import { createContext } from 'svelte';
import type { Shop } from './shop.svelte.ts';
import type { LiveStats } from './stats.svelte.ts';

export interface Everywhere {
  readonly shop: Shop;
  readonly stats: LiveStats;
}

export const [everywhere, setEverywhere] = createContext<Everywhere>();
