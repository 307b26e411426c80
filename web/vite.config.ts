import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

import { compressed } from './build/compressed.ts';
import { serviceWorker } from './build/worker.ts';

// The platform that `npm run dev` talks to.
const platform = process.env.BOXOFFICE_URL ?? 'http://127.0.0.1:8080';
const served = ['/v1', '/docs', '/openapi.json', '/.well-known'];

export default defineConfig({
  plugins: [svelte(), serviceWorker(), compressed()],
  build: {
    // Safari 16.4, Firefox 115 and Chrome 109 are the oldest that are tested.
    target: ['safari16.4', 'firefox115', 'chrome109'],
    cssTarget: ['safari16.4', 'firefox115', 'chrome109'],
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: fonts
    license: { fileName: 'licenses.md' },
  },
  server: {
    proxy: Object.fromEntries(served.map((path) => [path, { target: platform, changeOrigin: false }])),
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
