/** How the page looks to this person: its theme, and whether it is for a projector. Kept in the browser. */
import { kept } from './kept.ts';

export type Theme = 'light' | 'dark';

const KEY = 'shopstream.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

class Look {
  #chosen = $state<Theme | null>(read());
  #system = $state<Theme>(dark.matches ? 'dark' : 'light');
  present = $state(new URLSearchParams(location.search).has('present'));

  constructor() {
    dark.addEventListener('change', () => (this.#system = dark.matches ? 'dark' : 'light'));
    this.#apply();
  }

  get theme(): Theme {
    return this.#chosen ?? this.#system;
  }

  toggleTheme(): void {
    this.#chosen = this.theme === 'dark' ? 'light' : 'dark';
    kept.set(KEY, this.#chosen);
    this.#apply();
  }

  showPresent(present: boolean): void {
    this.present = present;
    this.#apply();
  }

  #apply(): void {
    const root = document.documentElement;
    if (this.#chosen !== null) root.dataset['theme'] = this.#chosen;
    root.toggleAttribute('data-present', this.present);
  }
}

function read(): Theme | null {
  const theme = kept.get(KEY);
  return theme === 'light' || theme === 'dark' ? theme : null;
}

export const look = new Look();
