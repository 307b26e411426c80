// @vitest-environment happy-dom
import { afterEach, describe, expect, test, vi } from 'vitest';

import { filterNames } from '../routes/search/search';
import ar from './ar';
import en, { type Messages, type Plural } from './en';
import hi from './hi';
import { fill, i18n, languageName, languages, listed, named, preferred, speak, t, type Key, type Language } from './i18n.svelte';

const all: Record<Language, Messages> = { en, hi, ar };
const keys = Object.keys(en) as Key[];
const forms = (message: string | Plural): [form: string, text: string][] => (typeof message === 'string' ? [['', message]] : Object.entries(message));
const holes = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!))].sort();
const bare = (text: string) => text.replace(/[\u2066-\u2069]/g, '');

afterEach(async () => {
  await speak('en');
  localStorage.clear();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe.each(Object.entries(all))('%s', (language, messages) => {
  test('has the keys of English, with texts', () => {
    expect(Object.keys(messages).sort()).toEqual([...keys].sort());
    for (const key of keys) for (const [form, text] of forms(messages[key])) expect(text.trim(), `${key} ${form}`).not.toBe('');
  });

  test('has the plural forms of the language', () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const plural = keys.filter((key) => typeof messages[key] !== 'string');
    expect(plural.length).toBeGreaterThan(0);
    for (const key of plural) expect(Object.keys(messages[key]).sort(), key).toEqual([...categories].sort());
  });

  test('has the placeholders of English', () => {
    for (const key of keys) {
      const message = en[key];
      const wanted = holes(typeof message === 'string' ? message : message.other);
      for (const [form, text] of forms(messages[key])) {
        const few = ['zero', 'one', 'two'].includes(form);
        const without = (names: string[]) => (few ? names.filter((name) => name !== 'n') : names);
        expect(without(holes(text)), `${key} ${form}`).toEqual(without(wanted));
        expect(text.replace(/\{\w+\}/g, ''), `${key} ${form}`).not.toMatch(/[{}]/);
      }
    }
  });

  test('does not shout', () => {
    for (const key of keys) for (const [, text] of forms(messages[key])) expect(text, key).not.toMatch(/!|\boops\b|successfully/i);
  });
});

test('every text is used', () => {
  const files = import.meta.glob<string>(['/src/**/*.{ts,svelte}', '!/src/**/*.test.ts', '!/src/i18n/{en,hi,ar}.ts', '!/src/api/schema.d.ts'], { query: '?raw', import: 'default', eager: true });
  const source = Object.values(files).join('\n');
  const literals = new Set([...source.matchAll(/['"]([a-z0-9_]+)['"]/g)].map((m) => m[1]!));
  const templates = [
    ...[...source.matchAll(/\bt\(`(\w+)\$\{[^}]+\}(\w*)`/g)].map((m) => new RegExp(`^${m[1]}\\w+${m[2]}$`)),
    ...[...source.matchAll(/\bnamed\('(\w+_)'/g)].map((m) => new RegExp(`^${m[1]}\\w+$`)),
    // Search.svelte names the values of its filters so.
    ...(source.includes("named(name + '_'") ? filterNames : []).map((name) => new RegExp(`^${name}_\\w+$`)),
  ];
  expect(templates.length).toBeGreaterThan(10);
  expect(keys.filter((key) => !literals.has(key) && !templates.some((pattern) => pattern.test(key)))).toEqual([]);
});

describe('fill', () => {
  const movies: Plural = { one: '{n} movie', other: '{n} movies' };
  test.each([
    ['plain', {}, 'en', 'plain'],
    ['{a} and {b}', { a: 'x', b: 2 }, 'en', 'x and 2'],
    ['{a} {a}', { a: 'x' }, 'en', 'x x'],
    ['{a} stays', {}, 'en', '{a} stays'],
    ['{a}', { a: '{b}', b: 'no' }, 'en', '{b}'],
    ['{a}', { a: 0 }, 'en', '0'],
    ['{a}', { a: '$& $1' }, 'en', '$& $1'],
    [movies, { n: 1 }, 'en', '1 movie'],
    [movies, { n: 0 }, 'en', '0 movies'],
    [movies, { n: 0 }, 'hi', '0 movie'],
    [movies, { n: 3 }, 'ar', '\u20683\u2069 movies'],
    ['Row {a}', { a: 'الف' }, 'en', 'Row \u2068الف\u2069'],
    ['Row {a}', { a: 'א' }, 'hi', 'Row \u2068א\u2069'],
    ['الصف {a}', { a: 'C7' }, 'ar', 'الصف \u2068C7\u2069'],
  ])('%j with %j in %s', (message, values, language, expected) => {
    expect(fill(message as Messages[Key], values as Record<string, string | number>, language)).toBe(expected);
  });

  test('Arabic has six forms', () => {
    const said = [0, 1, 2, 3, 11, 100].map((n) => bare(fill(ar.board_sum, { n }, 'ar')));
    expect(new Set(said.map((text) => text.replace(/\d+/, '#'))).size).toBe(6);
    expect(said.map((text) => /\d+/.exec(text)?.[0])).toEqual([undefined, undefined, undefined, '3', '11', '100']);
  });
});

describe('speak', () => {
  test.each([
    ['hi', 'ltr', hi.back],
    ['ar', 'rtl', ar.back],
    ['en', 'ltr', en.back],
  ] as const)('%s', async (language, dir, back) => {
    await speak(language);
    expect([i18n.language, i18n.rtl, document.documentElement.lang, document.documentElement.dir, t('back')]).toEqual([language, dir === 'rtl', language, dir, back]);
    expect(localStorage.length).toBe(0);
  });

  test('the last choice counts, also when another one arrives after it', async () => {
    const slow = speak('hi', true);
    await speak('en', true);
    await slow;
    expect([i18n.language, t('back'), document.documentElement.lang, preferred()]).toEqual(['en', en.back, 'en', 'en']);
  });

  test('keeps the choice when asked to', async () => {
    await speak('ar', true);
    expect(preferred()).toBe('ar');
  });
});

describe('preferred', () => {
  test.each([
    [['fr-FR', 'hi-IN', 'en'], 'hi'],
    [['ar-EG'], 'ar'],
    [['en-IN', 'hi'], 'en'],
    [['fr'], 'en'],
    [[], 'en'],
  ])('%j', (wanted, expected) => {
    vi.stubGlobal('navigator', { languages: wanted });
    expect(preferred()).toBe(expected);
  });

  test('a storage that throws is passed over', () => {
    vi.stubGlobal('localStorage', { getItem: () => { throw new Error('forbidden'); }, clear: () => {} });
    vi.stubGlobal('navigator', { languages: ['hi'] });
    expect(preferred()).toBe('hi');
  });

  test('an unknown language that was kept is passed over', () => {
    localStorage.setItem('boxoffice.language', 'xx');
    vi.stubGlobal('navigator', { languages: ['ar'] });
    expect(preferred()).toBe('ar');
  });
});

describe('the locale', () => {
  test.each([
    [['en-IN', 'en'], 'en-IN'],
    [['hi', 'en-US'], 'en-US'],
    [['en'], 'en-GB'],
  ])('%j in English', (wanted, expected) => {
    vi.stubGlobal('navigator', { languages: wanted });
    expect(i18n.locale).toBe(expected);
  });

  test.each(['hi', 'ar'] as const)('%s has Latin digits', async (language) => {
    await speak(language);
    expect(new Intl.NumberFormat(i18n.locale).format(1234567890)).toMatch(/^[\d,]+$/);
    expect(new Intl.DateTimeFormat(i18n.locale, { timeZone: 'UTC' }).format(0)).toContain('1970');
  });
});

test('named', () => {
  expect(named('category_', 'gold')).toBe('gold');
  expect(named('category_', 'balcony')).toBeUndefined();
  expect(named('', 'toString_')).toBeUndefined();
  expect(named('event_', 'captured', { total: '₹5' })).toBe('₹5 was taken.');
});

test('listed', () => {
  vi.stubGlobal('navigator', { languages: ['en-GB'] });
  expect([['A7'], ['A7', 'A8'], ['A7', 'A8', 'A9'], []].map(listed)).toEqual(['A7', 'A7 and A8', 'A7, A8 and A9', '']);
});

test('languageName', () => {
  expect(languageName('hi')).toBe('Hindi');
  expect(languageName('not a tag')).toBe('not a tag');
  expect(Object.keys(languages)).toEqual(Object.keys(all));
});
