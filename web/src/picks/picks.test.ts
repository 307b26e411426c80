// @vitest-environment happy-dom
import { afterEach, describe, expect, test } from 'vitest';

import { speak } from '../i18n/i18n.svelte';
import { bookable, capital, entries, heading, nextShow, reason, refilled, renewed, showDay, showLabel, usual, type Answer, type Item, type Show } from './picks';

const item = (id: string, ...starts: string[]): Item =>
  ({ movie: { id, title: 'Film ' + id }, reason: { code: 'new' }, shows: (starts.length > 0 ? starts : ['2026-11-28T13:45:00Z']).map((starts_at) => ({ id: id + starts_at, starts_at })) }) as Item;
const answer = (list_id: string, ...ids: string[]): Answer => ({ list_id, source: 'model', model: 'm', items: ids.map((id) => item(id)) });
const names = (all: { list: string; item: Item }[]) => all.map((one) => one.list + ':' + one.item.movie.id);

afterEach(() => speak('en'));

describe('reason', () => {
  const movie = { id: '1', slug: 'dune', title: 'Dune' };
  test.each<[Item['reason'], Answer['source'], string | undefined]>([
    [{ code: 'because_you_saw', movie }, 'model', 'Because you booked Dune'],
    [{ code: 'because_you_liked', movie }, 'model', 'Because you liked Dune'],
    [{ code: 'similar', movie }, 'model', 'Similar to Dune'],
    [{ code: 'your_tastes' }, 'model', 'Fits what you like'],
    [{ code: 'new' }, 'popularity', 'New'],
    [{ code: 'explored' }, 'popularity_without_model', 'Something different'],
    [{ code: 'popular_in_city' }, 'model', 'Popular in Mumbai'],
    // The heading says it already.
    [{ code: 'popular_in_city' }, 'popularity', undefined],
    [{ code: 'popular_in_city' }, 'popularity_without_store', undefined],
    // A movie that the platform does not name cannot be named.
    [{ code: 'because_you_saw' }, 'model', undefined],
    [{ code: 'similar' }, 'model', undefined],
  ])('%j of %s', (given, source, said) => expect(reason(given, 'Mumbai', source)).toBe(said));

  test('in Hindi', async () => {
    await speak('hi');
    expect(reason({ code: 'because_you_saw', movie }, 'Mumbai', 'model')).toBe('क्योंकि आपने Dune बुक की थी');
  });
});

test.each<[Answer['source'], boolean, string]>([
  ['model', true, 'For you'],
  ['popularity', true, 'Popular in Mumbai'],
  ['popularity', false, 'Popular in Mumbai'],
  ['popularity_without_model', true, 'Popular in Mumbai'],
  ['popularity_without_store', true, 'Popular in Mumbai'],
])('heading of %s, logged in: %s', (source, member, said) => expect(heading(source, member, 'Mumbai')).toBe(said));

test.each<[Show['habits'], string | undefined, string | undefined]>([
  [[], undefined, undefined],
  [['theater'], undefined, 'Your usual theater'],
  [['theater'], 'F', 'Your usual theater, row F'],
  [['weekday', 'theater', 'time'], 'F', 'Your usual theater, row F · Your usual day and time'],
  [['weekday'], undefined, 'Your usual day'],
  [['time'], undefined, 'Your usual time'],
  [['price'], undefined, 'Your usual price'],
  [[], 'F', 'You sat in row F here'],
  // Two are enough.
  [['price', 'time', 'theater'], undefined, 'Your usual theater · Your usual time'],
])('usual: %j, row %s', (habits, usual_row, said) => expect(usual({ habits, ...(usual_row ? { usual_row } : {}) })).toBe(said));

describe('showDay', () => {
  const india = 'Asia/Kolkata';
  const now = Date.parse('2026-11-27T12:00:00Z'); // a Friday
  test.each([
    ['2026-11-27T13:45:00Z', 'today'],
    // Ten past midnight belongs to the evening, as in the list of the day.
    ['2026-11-27T18:40:00Z', 'today'],
    ['2026-11-28T02:40:00Z', 'tomorrow'],
    ['2026-11-30T13:45:00Z', 'Monday'],
    ['2026-12-03T13:45:00Z', 'Thursday'],
    ['2026-12-04T13:45:00Z', expect.stringMatching(/^Fri,? 4$|^4 Fri$/)],
  ])('%s is %s', (at, said) => expect(showDay(at, india, now)).toEqual(said));

  test('a screen reader is told the day, where, and what is usual', () => {
    const show = { starts_at: '2026-11-30T13:45:00Z', time_zone: india, theater: { id: '', slug: '', name: 'Regal' }, habits: ['theater'], usual_row: 'F' } as unknown as Show;
    expect(showLabel(show, now)).toBe('Monday, Regal, Your usual theater, row F');
  });
});

test('a line begins with a capital', async () => {
  expect(capital('today')).toBe('Today');
  await speak('ar');
  expect(capital('غدًا')).toBe('غدًا');
});

test('shows that have started are left out, and movies without another one', () => {
  const now = Date.parse('2026-11-28T12:00:00Z');
  const list: Answer = { ...answer('a'), items: [item('1', '2026-11-28T11:00:00Z', '2026-11-28T12:30:00Z'), item('2', '2026-11-28T12:00:00Z')] };
  expect(nextShow(list.items[0]!, now)!.starts_at).toBe('2026-11-28T12:30:00Z');
  expect(names(bookable(entries(list), now))).toEqual(['a:1']);
});

test('the same movies again are still the list that was seen; others are another one', () => {
  const shown = entries(answer('a', '1', '2'));
  expect(names(renewed(shown, answer('b', '1', '2')))).toEqual(['a:1', 'a:2']);
  expect(names(renewed(shown, answer('b', '2', '1')))).toEqual(['b:2', 'b:1']);
  expect(names(renewed(shown, answer('b', '1')))).toEqual(['b:1']);
});

describe('refilled', () => {
  const shown = entries(answer('a', '1', '2', '3'));
  test.each<[string, string[], string[], number, string[]]>([
    ['one for the one that left, which keeps its place until then', ['1', '3', '4', '5'], ['2'], 3, ['a:1', 'a:2', 'a:3', 'b:4']],
    ['nothing moves, whatever the order', ['5', '3', '1'], ['2'], 3, ['a:1', 'a:2', 'a:3', 'b:5']],
    ['what left does not come back', ['2', '4'], ['2'], 3, ['a:1', 'a:2', 'a:3', 'b:4']],
    ['no more than there is room', ['4', '5'], [], 3, ['a:1', 'a:2', 'a:3']],
    ['nothing is left in the city', ['1', '3'], ['2'], 3, ['a:1', 'a:2', 'a:3']],
  ])('%s', (_, ids, without, wanted, expected) => expect(names(refilled(shown, answer('b', ...ids), without, wanted))).toEqual(expected));
});
