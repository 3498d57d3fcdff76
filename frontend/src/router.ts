/** Which page stands at which path. All but the first are loaded when somebody goes there. */
import { createRouter, searchParams } from 'sv-router';
import { decodable } from './format/addresses.ts';
import type { Place } from './live/context.ts';
import Live from './pages/Live.svelte';

// What the router cannot decode it does not show.
const path = decodable(location.pathname);
if (path !== location.pathname) history.replaceState(history.state, '', path + location.search + location.hash);

const router = createRouter({
  '/': Live,
  '/stock': () => import('./pages/Stock.svelte'),
  '/orders': () => import('./pages/Orders.svelte'),
  '/orders/:id': () => import('./pages/Order.svelte'),
  '/order': () => import('./pages/Order.svelte'),
  '/reports': () => import('./pages/Reports.svelte'),
  '/reports/:day': () => import('./pages/Report.svelte'),
  '/operations': () => import('./pages/Operations.svelte'),
  '/shop': () => import('./pages/ShopFront.svelte'),
  '*': () => import('./pages/NotFound.svelte'),
});

export const route = router.route;

/** Goes to an address inside the dashboard; what is in it from elsewhere has to be encoded. */
function goTo(address: string): void {
  const { pathname, search } = new URL(address, location.origin);
  // The router's own type wants the parameters of every path at once.
  const navigate = router.navigate.bind(router) as unknown as (
    to: string,
    options: { search: string },
  ) => Promise<unknown>;
  void navigate(pathname, { search });
}

/** Read anew at each use, so that whoever reads it follows the address. */
export const place: Place = {
  get params() {
    return router.route.params;
  },
  get search() {
    // Not the router's own reading, which makes numbers of texts: 1e3 is a name as good as any.
    return Object.fromEntries(new URLSearchParams(searchParams.toString()));
  },
  goTo,
};
