/** The parts of fs-native-extensions that are used here; the package brings no types. */
declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on the whole file; false when another descriptor holds it. */
  export function tryLock(fd: number): boolean;
  export function unlock(fd: number): void;
}
