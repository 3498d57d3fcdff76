/** The newest value, at most once in each second: for charts and lists, which cost more to draw than a number. */

const EVERY_MS = 1_000;

export class EachSecond<T> {
  current = $state.raw() as T;

  constructor(source: () => T) {
    this.current = source();
    let shownAt = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    $effect(() => {
      const newest = source();
      clearTimeout(timer);
      const show = () => {
        shownAt = performance.now();
        this.current = newest;
      };
      const wait = this.current === null ? 0 : shownAt + EVERY_MS - performance.now();
      if (wait <= 0) show();
      else timer = setTimeout(show, wait);
      return () => clearTimeout(timer);
    });
  }
}
