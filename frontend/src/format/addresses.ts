/** Addresses of the dashboard's own pages. Ids are whatever an imported file had: "50% off", "a/b", "..". */

/** Where an order's page is. */
export function orderAddress(id: string): string {
  // A browser takes these for steps between folders, however they are encoded.
  if (id === '.' || id === '..') return `/order?${new URLSearchParams({ id })}`;
  return `/orders/${encodeURIComponent(id)}`;
}

/** Where orders like that are listed; what is empty is left out. */
export function ordersAddress(filter: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(filter).filter(([, value]) => value !== '');
  return given.length === 0 ? '/orders' : `/orders?${new URLSearchParams(given)}`;
}

/** The path with every "%" encoded that encodes nothing, as in an address that somebody typed: no part fails to decode. */
export function decodable(path: string): string {
  return path.split('/').map(decodablePart).join('/');
}

function decodablePart(part: string): string {
  const mended = part.replaceAll(/%(?![0-9a-f]{2})/gi, '%25');
  return decoded(mended) === null ? part.replaceAll('%', '%25') : mended;
}

// A call whose result nobody uses falls to the bundler, which takes it for one that cannot throw.
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
