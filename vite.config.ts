import { rm } from 'node:fs/promises';
import path from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** Where `vite` (the development server) finds the API: a shop that was started with `npm start`. */
const API = 'http://127.0.0.1:4000';

/** The playground is built into a folder of its own inside of `dist`, so only what this build wrote is cleared. */
function clearAssets(): Plugin {
  let assets = '';
  return {
    name: 'clear-assets',
    apply: 'build',
    configResolved({ root, build }) {
      assets = path.resolve(root, build.outDir, build.assetsDir);
    },
    async buildStart() {
      await rm(assets, { recursive: true, force: true });
    },
  };
}

/**
 * Where it is built under another NODE_ENV, in a test for one, Vite would take Svelte's development mode, which remembers
 * where each value was set: a page that stays open for days would grow and grow.
 */
const production: Plugin = {
  name: 'production',
  apply: 'build',
  config: () => void (process.env['NODE_ENV'] = 'production'),
};

export default defineConfig({
  root: 'frontend',
  base: '/',
  plugins: [svelte({ configFile: '../svelte.config.js' }), clearAssets(), production],
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    assetsDir: 'assets',
    target: 'es2023',
    // Everything is a file of its own, so that a strict content security policy needs no `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/graphql': { target: API, ws: true }, '/reports/files': API } },
});
