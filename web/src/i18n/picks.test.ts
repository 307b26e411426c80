// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest';

import { speak } from './i18n.svelte';
import { pick, words, type PickKey } from './picks';

const keys = Object.keys(words.en) as PickKey[];
const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();

afterEach(() => speak('en'));

test.each(Object.entries(words))('%s has the keys and placeholders of English, and does not shout', (_, texts) => {
  expect(Object.keys(texts).sort()).toEqual([...keys].sort());
  for (const key of keys) {
    expect(texts[key].trim(), key).not.toBe('');
    expect(holes(texts[key]), key).toEqual(holes(words.en[key]));
    expect(texts[key], key).not.toMatch(/!|\boops\b|successfully/i);
  }
});

test('every text is used', () => {
  const files = import.meta.glob<string>(['/src/**/*.{ts,svelte}', '!/src/**/*.test.ts', '!/src/i18n/*.ts', '!/src/api/schema.d.ts'], { query: '?raw', import: 'default', eager: true });
  const source = Object.values(files).join('\n');
  const literals = new Set([...source.matchAll(/['"]([a-z0-9_]+)['"]/g)].map((m) => m[1]!));
  // Reasons have the names that the API gives them.
  const reasons = ['your_tastes', 'new', 'explored'];
  expect(keys.filter((key) => !literals.has(key) && !reasons.includes(key))).toEqual([]);
});

test('a title keeps its own direction', async () => {
  await speak('ar');
  expect(pick('because_you_saw', { movie: 'Dune: Part 2 (3D)' })).toContain('\u2068Dune: Part 2 (3D)\u2069');
});
