import { defineConfig } from 'vite';

/** The playground, built into a folder of the dashboard's own build, after it. */
export default defineConfig({
  root: 'frontend/playground',
  base: '/playground/',
  // What the dashboard's folder has for its own pages is none of the playground's business.
  publicDir: false,
  build: {
    outDir: '../dist/playground',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // "use client" is for servers that render React; there is none here.
    rolldownOptions: {
      onLog: (level, log, handle) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
    // The editor alone is larger than what Vite warns of.
    chunkSizeWarningLimit: 5_000,
  },
  worker: { format: 'es' },
});
