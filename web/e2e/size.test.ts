import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const built = existsSync(dist + 'assets') && readdirSync(dist + 'assets').length > 0;
if (!built) console.warn('web/dist is only a placeholder: the size of the app is NOT tested. Build it with `npm --prefix web run build`.');

/** What the page loads before anything is shown, in kB as they travel. */
function atStart(end: '.js' | '.css'): number {
  const page = readFileSync(dist + 'index.html', 'utf8');
  const files = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((m) => m[1]!).filter((file) => file.endsWith(end));
  expect(files.length, `files *${end} in index.html`).toBeGreaterThan(0);
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(dist + file)).length, 0) / 1000;
}

test.skipIf(!built)('The app starts with 45 kB of scripts and 12 kB of styles at most', () => {
  expect(atStart('.js'), 'kB of scripts').toBeLessThanOrEqual(45);
  expect(atStart('.css'), 'kB of styles').toBeLessThanOrEqual(12);
});
