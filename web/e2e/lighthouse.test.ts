import lighthouse, { type Flags } from 'lighthouse';
import { launch } from 'puppeteer-core';
import { describe, expect, test } from 'vitest';

import { base, findShow, type Show } from './platform';

// How fast pages are says nothing while the machine has something else to do. The rest always holds.
const speed = process.env.SPEED === '1';
if (!speed) console.warn('Lighthouse measures no speed here: that needs SPEED=1, a built app and a machine that is idle.');

/** The least that Lighthouse gives a page, of 100. */
const least: Record<string, number> = { accessibility: 100, 'best-practices': 95, seo: 95, ...(speed ? { performance: 95 } : {}) };
const categories = Object.keys(least);
const runs = speed ? 3 : 1;

const pages: Record<string, (show: Show) => string> = {
  home: (show) => `/?city=${show.city}`,
  movie: (show) => `/movies/${show.movie.slug}?city=${show.city}`,
  'seat map': (show) => `/shows/${show.id}`,
};

describe('Lighthouse, a phone', () => {
  const flags: Flags = { logLevel: 'error', onlyCategories: categories };

  // Each page is somebody's first visit: a browser of its own.
  async function audit(path: string): Promise<{ scores: Record<string, number>; wrong: string[] }> {
    const browser = await launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage'],
      defaultViewport: null,
    });
    try {
      const result = await lighthouse(base + path, { ...flags, port: Number(new URL(browser.wsEndpoint()).port) });
      const { lhr } = result!;
      const scores: Record<string, number> = {};
      const wrong: string[] = [];
      for (const [name, category] of Object.entries(lhr.categories)) {
        scores[name] = Math.round((category.score ?? 0) * 100);
        for (const { id, weight } of category.auditRefs) {
          const { score, title, displayValue } = lhr.audits[id]!;
          if (weight > 0 && score !== null && score < 0.9) wrong.push(`${name}: ${title} ${displayValue ?? ''}`.trim());
        }
      }
      return { scores, wrong };
    } finally {
      await browser.close();
    }
  }

  test.each(Object.entries(pages))('%s', { timeout: 180_000 }, async (_, address) => {
    const path = address(await findShow());
    const found = [];
    for (let run = 0; run < runs; run++) found.push(await audit(path));
    if (speed) console.log(path, found.map((f) => JSON.stringify(f.scores)).join(' '));
    for (const category of categories) {
      const scores = found.map((f) => f.scores[category]!).sort((a, b) => a - b);
      expect(scores[Math.floor(runs / 2)], `${category}, the median of ${scores.join(', ')}: ${found[0]!.wrong.join('; ')}`).toBeGreaterThanOrEqual(least[category]!);
    }
  });
});
