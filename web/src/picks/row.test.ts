// @vitest-environment happy-dom
import { expect, test } from 'vitest';

import { Failure } from '../api/client';
import { idOf, type Answer } from './picks';
import { Row, type Feedback } from './row.svelte';

/** A platform that gives five movies but those that are not for the person, and can be away. */
function platform() {
  const said: [string, Feedback][] = [];
  const notForMe = new Set<string>();
  const state = { said, away: false, lists: 0, liked: [] as string[] };
  const there = () => {
    if (state.away) throw new Failure('offline', 0, '');
  };
  const row = new Row(
    {
      read: async () => {
        there();
        const items = ['1', '2', '3', '4', '5'].filter((id) => !notForMe.has(id)).slice(0, 3).map((id) => ({ movie: { id } }));
        return { list_id: 'list' + ++state.lists, source: 'model', model: '', items } as unknown as Answer;
      },
      say: async (movie, feedback) => {
        there();
        said.push([movie, feedback]);
        if (feedback === 'not_for_me') notForMe.add(movie);
        else notForMe.delete(movie);
      },
      liked: async () => state.liked,
    },
    3,
  );
  return { row, state };
}
const shown = (row: Row) => row.entries.filter((entry) => idOf(entry) !== row.gone).map(idOf);

test('a list that does not come makes no row and no error', async () => {
  const { row, state } = platform();
  state.away = true;
  await row.load(true);
  expect([row.done, row.entries]).toEqual([true, []]);
  state.away = false;
  await row.load(true);
  expect(shown(row)).toEqual(['1', '2', '3']);
});

test('only who is logged in is asked what they like', async () => {
  const { row, state } = platform();
  state.liked = ['2'];
  await row.load(false);
  expect([...row.liked]).toEqual([]);
  await row.load(true);
  expect([...row.liked]).toEqual(['2']);
});

test('a movie that is not for me leaves, another one comes, and Undo brings it back to its place', async () => {
  const { row, state } = platform();
  await row.load(true);
  expect(await row.drop('2')).toBe(true);
  await expect.poll(() => shown(row)).toEqual(['1', '3', '4']);
  // Its place stays until it cannot be taken back any more.
  expect(row.entries.map(idOf)).toEqual(['1', '2', '3', '4']);
  expect(await row.undo()).toBe(true);
  expect(shown(row)).toEqual(['1', '2', '3', '4']);
  expect(state.said).toEqual([['2', 'not_for_me'], ['2', 'none']]);
});

test('the next one that leaves takes the place of the one before', async () => {
  const { row } = platform();
  await row.load(true);
  await row.drop('2');
  await row.drop('1');
  await expect.poll(() => shown(row)).toEqual(['3', '4', '5']);
  expect(row.entries.map(idOf)).toEqual(['1', '3', '4', '5']);
});

test('Undo of a movie that was liked likes it again', async () => {
  const { row, state } = platform();
  await row.load(true);
  expect(await row.like('3')).toBe(true);
  await row.drop('3');
  await row.undo();
  expect(state.said.at(-1)).toEqual(['3', 'like']);
  expect(row.liked.has('3')).toBe(true);
  expect(await row.like('3')).toBe(false);
  expect([state.said.at(-1), row.liked.has('3')]).toEqual([['3', 'none'], false]);
});

test('what could not be saved is as before, and said', async () => {
  const { row, state } = platform();
  await row.load(true);
  state.away = true;
  expect(await row.like('1')).toBeUndefined();
  expect([row.liked.has('1'), row.failed]).toEqual([false, '1']);
  expect(await row.drop('2')).toBe(false);
  expect([shown(row), row.gone, row.failed]).toEqual([['1', '2', '3'], undefined, '2']);
  state.away = false;
  await row.drop('2');
  await expect.poll(() => state.lists).toBe(2);
  state.away = true;
  expect(await row.undo()).toBe(false);
  expect([row.gone, row.failed]).toEqual(['2', '2']);
});

test('while there is something to take back, a newer list moves nothing', async () => {
  const { row, state } = platform();
  await row.load(true);
  await row.drop('2');
  await expect.poll(() => shown(row)).toEqual(['1', '3', '4']);
  await row.load(true);
  expect(row.entries.map((entry) => entry.list)).toEqual(['list1', 'list1', 'list1', 'list2']);
  expect(state.lists).toBe(3);
});
