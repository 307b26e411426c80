// @vitest-environment happy-dom
import { describe, expect, test } from 'vitest';

import { Failure } from '../../api/client';
import { offered, Tastes, type Preferences } from './tastes.svelte';

const none: Preferences = { version: 0, personalization: true, languages: [], genres: [], certificate: '', accessibility: [], liked: ['m1', 'm2'], not_for_me: ['m3'], left_out: [] };

/** A platform that keeps preferences by version, and can refuse. */
function platform() {
  const state = { stored: none, saves: 0, fails: false, told: [] as string[] };
  const there = () => {
    if (state.fails) throw new Failure('unavailable', 503, '');
  };
  const tastes = new Tastes(
    {
      read: async () => (there(), state.stored),
      save: async ({ version, ...choice }) => {
        there();
        state.saves++;
        if (version !== state.stored.version) throw new Failure('conflict', 409, '');
        return (state.stored = { ...state.stored, ...choice, version: version + 1 });
      },
      takeBack: async (movie) => {
        there();
        const without = (list: string[]) => list.filter((id) => id !== movie);
        return (state.stored = { ...state.stored, version: state.stored.version + 1, liked: without(state.stored.liked), not_for_me: without(state.stored.not_for_me) });
      },
      forget: async () => {
        there();
        state.stored = { ...none, version: state.stored.version + 1, liked: [], not_for_me: [] };
      },
    },
    (part, how) => state.told.push(part + ' ' + how),
  );
  return { state, tastes };
}

test('changes show at once, and each is saved with the version of the one before', async () => {
  const { state, tastes } = platform();
  await tastes.load();
  const all = [tastes.set('personalization', false), tastes.toggle('genres', 'Drama'), tastes.toggle('genres', 'Comedy'), tastes.toggle('genres', 'drama'), tastes.takeBack('liked', 'm1')];
  expect(tastes.value).toMatchObject({ personalization: false, genres: ['Comedy'], liked: ['m2'] });
  expect(state.saves).toBe(0);
  await Promise.all(all);
  expect(state.stored).toMatchObject({ version: 5, personalization: false, genres: ['Comedy'], liked: ['m2'] });
  expect(tastes.value).toEqual(state.stored);
  expect(state.told).toEqual(['personalization saved', 'genres saved', 'genres saved', 'genres saved', 'liked saved']);
});

test('a change that could not be saved goes back and says so; the others stay', async () => {
  const { state, tastes } = platform();
  await tastes.load();
  await tastes.toggle('languages', 'hi');
  state.fails = true;
  await tastes.set('certificate', 'U');
  expect(tastes.value).toMatchObject({ languages: ['hi'], certificate: '' });
  expect(tastes.last).toEqual({ part: 'certificate', state: 'failed' });
  state.fails = false;
  await tastes.set('certificate', 'U');
  expect([tastes.last!.state, state.stored.certificate]).toEqual(['saved', 'U']);
});

test('what was changed elsewhere is shown as it is now, and the next press counts', async () => {
  const { state, tastes } = platform();
  await tastes.load();
  state.stored = { ...state.stored, version: 7, genres: ['Horror'] };
  const conflict = tastes.set('personalization', false);
  const next = tastes.toggle('genres', 'Drama');
  await conflict;
  expect(tastes.last).toEqual({ part: 'personalization', state: 'changed' });
  await next;
  expect(tastes.value).toMatchObject({ version: 8, personalization: true, genres: ['Horror', 'Drama'] });
});

test('forgetting empties everything', async () => {
  const { state, tastes } = platform();
  await tastes.load();
  await tastes.toggle('accessibility', 'captions');
  await tastes.forget();
  expect(tastes.value).toMatchObject({ accessibility: [], liked: [], not_for_me: [] });
  expect(state.told.at(-1)).toBe('all saved');
  state.fails = true;
  await tastes.forget();
  expect(state.told.at(-1)).toBe('all failed');
});

test('without an answer there is a failure to show, and another try', async () => {
  const { state, tastes } = platform();
  state.fails = true;
  await tastes.load();
  expect([tastes.value, tastes.failure]).toEqual([undefined, expect.any(Failure)]);
  state.fails = false;
  await tastes.load();
  expect([tastes.value, tastes.failure]).toEqual([none, undefined]);
});

describe('offered', () => {
  test.each([
    ['what is on', ['Drama', 'Comedy'], [], ['Drama', 'Comedy']],
    ['what was chosen and is not on', ['Drama'], ['drama', 'War'], ['Drama', 'War']],
    ['nothing is known of the city', [], ['War'], ['War']],
  ])('%s', (_, facet, chosen, expected) => expect(offered(facet.map((value) => ({ value })), chosen)).toEqual(expected));

  test('not more than can be read', () => {
    expect(offered(['a', 'b', 'c'].map((value) => ({ value })), ['c', 'd'], 2)).toEqual(['a', 'b', 'c', 'd']);
  });
});
