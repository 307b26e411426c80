import { describe, expect, test } from 'vitest';

import { filters, marked, short } from './search';

describe('filters', () => {
  test.each([
    ['', undefined, { limit: 20 }],
    ['q=heat', undefined, { limit: 20, q: 'heat' }],
    ['q=++heat++', undefined, { limit: 20, q: 'heat' }],
    ['q=++', undefined, { limit: 20 }],
    ['', 'mumbai', { limit: 20, city: 'mumbai' }],
    ['city=pune', 'mumbai', { limit: 20, city: 'mumbai' }],
    ['date=tonight', undefined, { limit: 20, date: 'tonight' }],
    ['date=tonight,weekend', undefined, { limit: 20, date: 'tonight' }],
    ['date=', undefined, { limit: 20 }],
    ['band=evening,night', undefined, { limit: 20, band: ['evening', 'night'] }],
    ['genre=,Drama,', undefined, { limit: 20, genre: ['Drama'] }],
    ['genre=,', undefined, { limit: 20 }],
    ['language=hi&format=IMAX&certificate=UA&accessibility=captions', undefined, { limit: 20, language: ['hi'], format: ['IMAX'], certificate: ['UA'], accessibility: ['captions'] }],
    ['limit=500&x=y', undefined, { limit: 20 }],
  ])('%s in %s', (asked, city, expected) => {
    expect(filters(new URLSearchParams(asked), city)).toEqual(expected);
  });

  test('cuts what is too long', () => {
    expect(filters(new URLSearchParams({ q: 'x'.repeat(100) }), undefined).q).toBe('x'.repeat(60));
  });
});

test.each([
  ['x'.repeat(61), 60],
  ['x'.repeat(60), 60],
  ['x'.repeat(58) + '🎬', 60],
  ['x'.repeat(59) + '🎬', 59],
  ['🎬'.repeat(40), 60],
  ['हि'.repeat(40), 60],
])('short %s', (text, length) => {
  const cut = short(text);
  expect(cut).toHaveLength(length);
  expect(text.startsWith(cut)).toBe(true);
  expect(new TextEncoder().encode(cut).length).toBeLessThanOrEqual(200);
  expect(() => encodeURIComponent(cut)).not.toThrow();
});

describe('marked', () => {
  // Hits stand in brackets.
  const shown = (text: string, ...places: [number, number][]) =>
    marked(text, places.map(([start, end]) => ({ start, end }))).map((part) => (part.hit ? `[${part.text}]` : part.text)).join('');

  test.each<[string, [number, number][], string]>([
    ['Interstellar', [[0, 5]], '[Inter]stellar'],
    ['Interstellar', [[5, 12]], 'Inter[stellar]'],
    ['Interstellar', [[0, 12]], '[Interstellar]'],
    ['Interstellar', [], 'Interstellar'],
    ['The Big Heat', [[0, 3], [8, 12]], '[The] Big [Heat]'],
    ['Heat', [[0, 2], [2, 4]], '[He][at]'],
    ['Heat', [[0, 3], [1, 4]], '[Hea][t]'],
    ['Heat', [[0, 3], [1, 2]], '[Hea]t'],
    ['Heat', [[2, 9]], 'He[at]'],
    ['Heat', [[1, 1]], 'Heat'],
    ['🎬 Heat', [[2, 6]], '🎬 [Heat]'],
    ['🎬🎬 Heat 🎬', [[1, 3], [8, 9]], '🎬[🎬 ]Heat [🎬]'],
    ['दिल से', [[0, 3]], '[दिल] से'],
    ['', [], ''],
  ])('%s %j', (text, places, expected) => {
    expect(shown(text, ...places)).toBe(expected);
  });
});
