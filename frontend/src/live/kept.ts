/**
 * What the browser keeps for this page. A browser may keep nothing (site data blocked, a full disk, a private window):
 * then it is kept until the page is left, and nothing else is different.
 */
export interface Kept {
  /** Null when there is none. */
  get(key: string): string | null;
  /** Whether it outlives the page. */
  set(key: string, value: string): boolean;
  remove(key: string): void;
}

/** `storage` is asked for anew each time: even naming it throws where it is blocked. */
export function keptIn(storage: () => Storage | null): Kept {
  const here = new Map<string, string>();
  const attempt = <T>(action: (found: Storage) => T, otherwise: T): T => {
    try {
      const found = storage();
      return found === null ? otherwise : action(found);
    } catch {
      return otherwise;
    }
  };
  return {
    get: (key) => here.get(key) ?? attempt((found) => found.getItem(key), null),
    set: (key, value) => {
      const isKept = attempt((found) => {
        found.setItem(key, value);
        return true;
      }, false);
      if (isKept) here.delete(key);
      else here.set(key, value);
      return isKept;
    },
    remove: (key) => {
      here.delete(key);
      attempt((found) => found.removeItem(key), undefined);
    },
  };
}

export const kept = keptIn(() => localStorage);
export const keptForTab = keptIn(() => sessionStorage);
