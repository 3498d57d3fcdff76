import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import { keptForTab } from './live/kept.ts';
import { messageOf } from './ui/state.ts';

/** A page that was built anew has other files than this one knows: it is loaded anew, but not again and again. */
const RELOADED_AT = 'shopstream.reloaded-at';
const RELOAD_EVERY_MS = 30_000;
addEventListener('vite:preloadError', (event) => {
  if (Date.now() - Number(keptForTab.get(RELOADED_AT)) < RELOAD_EVERY_MS) return;
  // Where that cannot be kept nobody would know the next time.
  if (!keptForTab.set(RELOADED_AT, String(Date.now()))) return;
  event.preventDefault();
  location.reload();
});

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element with the id "app".');

/** The last resort, without anything of the dashboard that could fail as well. */
function sayWhatFailed(error: unknown): void {
  const box = document.createElement('div');
  box.className = 'page';
  const title = document.createElement('h1');
  title.textContent = 'The dashboard cannot be shown';
  const reason = document.createElement('p');
  reason.setAttribute('role', 'alert');
  reason.textContent = `${messageOf(error)} The same figures: npm run stats, or the API at /graphql.`;
  box.append(title, reason);
  target?.replaceChildren(box);
}

try {
  // Loaded here, so that what fails while it is loaded is told as well.
  const loaded = (await import('./App.svelte')) as typeof import('./App.svelte') | undefined;
  // There is none when the page is being loaded anew.
  if (loaded !== undefined) mount(loaded.default, { target });
} catch (error) {
  console.error(error);
  sayWhatFailed(error);
}
