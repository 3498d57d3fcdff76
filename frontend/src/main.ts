import './styles/tokens.css';
import './styles/base.css';
import { mount, type Component } from 'svelte';
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
  const page = document.createElement('main');
  page.className = 'page';
  page.innerHTML = `
    <h1>The dashboard cannot be shown</h1>
    <p role="alert"></p>
    <p><a class="button" href="">Load the page again</a></p>
    <p class="muted">The same figures: <code>npm run stats</code>, or the API at <a href="/graphql">/graphql</a>.</p>`;
  page.querySelector('[role=alert]')?.append(messageOf(error));
  target?.replaceChildren(page);
}

try {
  // Loaded here, so that what fails while it is loaded is told as well.
  const loaded = (await import('./App.svelte')) as { default: Component } | undefined;
  // There is none when the page is being loaded anew.
  if (loaded !== undefined) mount(loaded.default, { target });
} catch (error) {
  sayWhatFailed(error);
  reportError(error);
}
