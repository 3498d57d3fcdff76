/** Which page stands at which path. All but the first are loaded when somebody goes there. */
import { createRouter } from 'sv-router';
import type { Place } from './live/context.ts';
import Live from './pages/Live.svelte';

const router = createRouter({
  '/': Live,
  '/stock': () => import('./pages/Stock.svelte'),
  '/orders': () => import('./pages/Orders.svelte'),
  '/orders/:id': () => import('./pages/Order.svelte'),
  '/reports': () => import('./pages/Reports.svelte'),
  '/reports/:day': () => import('./pages/Report.svelte'),
  '/operations': () => import('./pages/Operations.svelte'),
  '/shop': () => import('./pages/ShopFront.svelte'),
  '*': () => import('./pages/NotFound.svelte'),
});

export const route = router.route;

/** Goes to a path inside the dashboard; what is in it from elsewhere has to be encoded. */
function goTo(path: string, search: Record<string, string> = {}): void {
  // The router's own type wants the parameters of every path at once.
  const navigate = router.navigate.bind(router) as unknown as (
    to: string,
    options: { search: Record<string, string> },
  ) => Promise<unknown>;
  void navigate(path, { search });
}

/** Read anew at each use, so that whoever reads it follows the address. */
export const place: Place = {
  get params() {
    return router.route.params;
  },
  get search() {
    return router.route.search;
  },
  goTo,
};
