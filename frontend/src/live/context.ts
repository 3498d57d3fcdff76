/** What every page has: the shop, its figures as they change, and where in the dashboard we are. */
import { createContext } from 'svelte';
import type { Shop } from './shop.svelte.ts';
import type { LiveStats } from './stats.svelte.ts';
import type { LiveVerification } from './verification.svelte.ts';

/** Pages know this much of the router, which knows the pages. */
export interface Place {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly search: Readonly<Record<string, string | undefined>>;
  readonly goTo: (address: string) => void;
}

export interface Everywhere {
  readonly place: Place;
  readonly shop: Shop;
  readonly stats: LiveStats;
  readonly verification: LiveVerification;
}

export const [everywhere, setEverywhere] = createContext<Everywhere>();
