import { describe, expect, test } from 'vitest';

import { adjacent, groups, groupsSince, hall, nearest, spacesSince, states, step, together, type Direction, type Hall, type SeatMap, type SeatType } from './hall';

type Drawn = SeatMap['layout'];
const types: Record<string, SeatType> = { s: 'standard', r: 'recliner', S: 'sofa', w: 'wheelchair', c: 'companion' };

/** A hall as a drawing: one letter is one seat, a space is an aisle, `>` moves by half a seat. */
function drawn(...lines: string[]): Hall {
  const layout: Drawn = { rows: [] };
  lines.forEach((line, r) => {
    const label = 'ABCDEFGH'[r]!;
    const seats: Drawn['rows'][number]['seats'] = [];
    let x = 3;
    for (const sign of line) {
      if (sign === '>') {
        x += 0.5;
        continue;
      }
      if (sign !== ' ') seats.push({ id: label + (seats.length + 1), x, type: types[sign]! });
      x += 1;
    }
    layout.rows.push({ label, category: 'gold', seats });
  });
  return hall(layout);
}

const seat = (h: Hall, id: string) => h.seats.get(id)!;
const ids = (group: { id: string }[]) => group.map((s) => s.id).join(' ');
const without = (taken = '') => (id: string) => !taken.split(' ').includes(id);

describe('hall', () => {
  test('begins at 0', () => {
    const h = drawn(' ss', 's sr');
    expect([...h.seats.values()].map((s) => [s.id, s.row, s.index, s.x])).toEqual([
      ['A1', 0, 0, 1],
      ['A2', 0, 1, 2],
      ['B1', 1, 0, 0],
      ['B2', 1, 1, 2],
      ['B3', 1, 2, 3],
    ]);
    expect(h.width).toBe(4);
    expect(h.rows[1]).toMatchObject({ label: 'B', category: 'gold' });
    expect(seat(h, 'B3')).toMatchObject({ type: 'recliner', label: 'B', category: 'gold' });
  });
});

describe('adjacent', () => {
  const h = drawn('ss s>s', 'ss');
  test.each([
    ['A1', 'A2', true],
    ['A2', 'A1', true],
    ['A2', 'A3', false],
    ['A3', 'A4', false],
    ['A1', 'A3', false],
    ['A1', 'B1', false],
    ['A1', 'B2', false],
  ])('%s and %s', (a, b, expected) => {
    expect(adjacent(seat(h, a), seat(h, b))).toBe(expected);
  });
});

describe('together', () => {
  test.each([
    ['sss', 'A2', 'A2'],
    ['rrr', 'A2', 'A2'],
    ['wc', 'A1', 'A1'],
    ['SSSS', 'A1', 'A1 A2'],
    ['SSSS', 'A2', 'A1 A2'],
    ['SSSS', 'A3', 'A3 A4'],
    ['sSSs', 'A2', 'A2 A3'],
    ['sSSs', 'A3', 'A2 A3'],
    ['SS SS', 'A2', 'A1 A2'],
    ['SS SS', 'A3', 'A3 A4'],
    ['SSS', 'A3', 'A3'],
    ['S SS', 'A1', 'A1'],
    ['S SS', 'A2', 'A2 A3'],
    ['SSS SS', 'A4', 'A4 A5'],
    ['SsS', 'A1', 'A1'],
  ])('%s: %s', (row, id, expected) => {
    const h = drawn(row);
    expect(ids(together(h, seat(h, id)))).toBe(expected);
  });
});

describe('groups', () => {
  test.each([
    ['ssss', '', 1, 'A1|A2|A3|A4'],
    ['ssss', '', 2, 'A1 A2|A3 A4'],
    ['ssss', '', 3, 'A1 A2 A3'],
    ['ssss', '', 4, 'A1 A2 A3 A4'],
    ['ssss', '', 5, ''],
    ['ss ss', '', 2, 'A1 A2|A3 A4'],
    ['ss ss', '', 3, ''],
    ['sss ss', '', 2, 'A1 A2|A4 A5'],
    ['sssss', 'A2', 2, 'A3 A4'],
    ['sssss', 'A3', 3, ''],
    ['ss', 'A1 A2', 1, ''],
    ['sswcss', '', 1, 'A1|A2|A5|A6'],
    ['swcs', '', 2, ''],
    ['sr', '', 2, 'A1 A2'],
    ['SSSS', '', 1, ''],
    ['SSSS', '', 2, 'A1 A2|A3 A4'],
    ['SSSS', '', 3, ''],
    ['SSSS', '', 4, 'A1 A2 A3 A4'],
    ['SSSS', 'A1', 2, 'A3 A4'],
    ['sSSs', '', 1, 'A1|A4'],
    ['sSSs', '', 2, 'A2 A3'],
    ['sSSs', '', 3, 'A1 A2 A3'],
  ])('%s without %j by %i', (row, taken, count, expected) => {
    const found = groups(drawn(row), without(taken), count);
    expect(found.flatMap((f) => f.groups.map(ids)).join('|')).toBe(expected);
  });

  test('go by row, without rows that have none', () => {
    const found = groups(drawn('ss', 's', 'sss'), without('C1'), 2);
    expect(found.map((f) => [f.row.label, f.groups.map(ids)])).toEqual([
      ['A', ['A1 A2']],
      ['C', ['C2 C3']],
    ]);
  });
});

describe('a list that is read', () => {
  const h = drawn('ssssss', 'ss');
  const shown = (found: ReturnType<typeof groups>) => found.map(({ row, groups: of }) => row.label + ': ' + of.map(ids).join(', '));
  const before = groups(h, without('A5'), 2);
  test.each([
    ['nothing changes', 'A5', ['A: A1 A2, A3 A4', 'B: B1 B2']],
    ['a group that loses a seat keeps its place, and no other moves', 'A1 A5', ['A: A1 A2, A3 A4', 'B: B1 B2']],
    ['what is left beside it is offered, too', 'A1 A4 A5', ['A: A1 A2, A2 A3, A3 A4', 'B: B1 B2']],
    ['a row that is sold stays', 'A5 B1 B2', ['A: A1 A2, A3 A4', 'B: B1 B2']],
    ['a seat that is free again comes after them', '', ['A: A1 A2, A3 A4, A5 A6', 'B: B1 B2']],
  ])('%s', (_, taken, expected) => {
    expect(shown(before)).toEqual(['A: A1 A2, A3 A4', 'B: B1 B2']);
    expect(shown(groupsSince(h, without(taken), 2, before))).toEqual(expected);
  });

  test('wheelchair spaces, alone and with a companion', () => {
    const w = drawn('cwc w', 'ss');
    const all = spacesSince(w, without(), []);
    expect(all.map(ids)).toEqual(['A2', 'A2 A1', 'A2 A3', 'A4']);
    expect(spacesSince(w, without('A1 A4'), []).map(ids)).toEqual(['A2', 'A2 A3']);
    expect(spacesSince(w, without('A1 A4'), all).map(ids)).toEqual(['A2', 'A2 A1', 'A2 A3', 'A4']);
  });
});

describe('nearest', () => {
  const near = (h: Hall, taken: string, lost: string, count: number, most?: number) => nearest(h, without(taken), lost.split(' '), count, most).map(ids);

  test.each([
    ['beside it', ['ssssss'], 'A3 A4', 2, ['A1 A2', 'A5 A6']],
    ['many in one row', ['ssssssss'], 'A1 A2', 2, ['A3 A4', 'A5 A6', 'A7 A8']],
    ['the row behind is farther than the seat beside', ['sss', 'sss'], 'A2', 1, ['A1', 'A3', 'B2']],
    ['not over an aisle', ['s ss', 's ss'], 'A2', 2, ['B2 B3']],
    ['no sofas, wheelchair spaces and companion seats', ['sSSwcr'], 'A1', 1, ['A6']],
    ['none left', ['ss'], 'A1 A2', 1, []],
    ['unknown seats', ['ss'], 'Z9', 1, []],
  ])('%s', (_, rows, lost, count, expected) => {
    expect(near(drawn(...rows), lost, lost, count)).toEqual(expected);
  });

  test('gives as many as are asked for', () => {
    const h = drawn('ssssssss', 'ssssssss');
    expect(near(h, 'A4', 'A4', 1)).toHaveLength(3);
    expect(near(h, 'A4', 'A4', 1, 5)).toHaveLength(5);
  });

  test('gives no seat twice', () => {
    const found = near(drawn('ssssssss', 'ssssssss'), 'A4 A5 A6', 'A4 A5 A6', 3, 9);
    const all = found.flatMap((group) => group.split(' '));
    expect(found.length).toBeGreaterThan(2);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('step', () => {
  // B is moved by half a seat and is shorter, C has an aisle.
  const h = drawn('ssss', '>sss', 's  s');
  test.each<[string, Direction, string]>([
    ['A2', 'left', 'A1'],
    ['A2', 'right', 'A3'],
    ['A1', 'left', 'A1'],
    ['A4', 'right', 'A4'],
    ['A3', 'first', 'A1'],
    ['A2', 'last', 'A4'],
    ['A1', 'up', 'A1'],
    ['C1', 'down', 'C1'],
    ['A1', 'down', 'B1'],
    ['A4', 'down', 'B3'],
    ['B3', 'up', 'A3'],
    ['B1', 'down', 'C1'],
    ['B3', 'down', 'C2'],
    ['C1', 'right', 'C2'],
    ['C2', 'up', 'B3'],
  ])('%s %s', (from, direction, to) => {
    expect(step(h, seat(h, from), direction).id).toBe(to);
  });
});

test('states', () => {
  expect([...states({ held: ['A1', 'A2'], sold: ['A3'] })]).toEqual([
    ['A1', 'held'],
    ['A2', 'held'],
    ['A3', 'sold'],
  ]);
  expect(states({ held: [], sold: [] }).size).toBe(0);
  expect(states({ held: ['A1'], sold: ['A1'] }).get('A1')).toBe('sold');
});
