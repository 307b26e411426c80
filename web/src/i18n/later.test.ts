// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest';

import { speak } from './i18n.svelte';
import { later, words, type LaterKey } from './later';

const keys = Object.keys(words.en) as LaterKey[];
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
  const templates = [...source.matchAll(/`(\w+_)\$\{[^}]+\}(\w*)`/g)].map((m) => new RegExp(`^${m[1]}\\w+${m[2]}$`));
  expect(keys.filter((key) => !literals.has(key) && !templates.some((pattern) => pattern.test(key)))).toEqual([]);
});

test('a value keeps its own direction', async () => {
  await speak('ar');
  expect(later('email_now', { email: 'asha@example.com' })).toContain('\u2068asha@example.com\u2069');
});
