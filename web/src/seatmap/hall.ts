/**
 * A hall and what happens in it, without a browser: where seats stand, which
 * ones belong together, what is free, and what to offer when a seat is lost.
 */
import type { Schemas } from '../api/client';

export type SeatMap = Schemas['SeatMap'];
export type SeatType = SeatMap['layout']['rows'][number]['seats'][number]['type'];
export type State = 'free' | 'held' | 'sold';

/** A seat with its place in seat widths, from the left edge of the hall and from the first row. */
export interface Seat {
  id: string;
  row: number;
  /** Its place within the row. */
  index: number;
  x: number;
  type: SeatType;
  category: string;
  label: string;
}

export interface Row {
  label: string;
  category: string;
  seats: Seat[];
}

export interface Hall {
  rows: Row[];
  seats: Map<string, Seat>;
  /** In seat widths. */
  width: number;
}

/** Reads a layout. The leftmost seat stands at 0. */
export function hall(layout: SeatMap['layout']): Hall {
  const xs = layout.rows.flatMap((row) => row.seats.map((seat) => seat.x));
  const least = Math.min(...xs);
  const seats = new Map<string, Seat>();
  const rows = layout.rows.map((row, r) => ({
    label: row.label,
    category: row.category,
    seats: row.seats.map((seat, index) => {
      const placed: Seat = { id: seat.id, row: r, index, x: seat.x - least, type: seat.type, category: row.category, label: row.label };
      seats.set(seat.id, placed);
      return placed;
    }),
  }));
  return { rows, seats, width: Math.max(...xs) - least + 1 };
}

/** Whether two seats of a row touch. */
export function adjacent(a: Seat, b: Seat): boolean {
  return a.row === b.row && Math.abs(a.x - b.x) < 1.3;
}

/** The seats that are chosen with this one: a sofa is sold as a whole. */
export function together(h: Hall, seat: Seat): Seat[] {
  if (seat.type !== 'sofa') return [seat];
  const row = h.rows[seat.row]!.seats;
  // Sofas are pairs, counted from the start of each run of sofa seats.
  let start = seat.index;
  while (start > 0 && row[start - 1]!.type === 'sofa' && adjacent(row[start - 1]!, row[start]!)) start--;
  const first = start + Math.floor((seat.index - start) / 2) * 2;
  const pair = row.slice(first, first + 2).filter((s) => s.type === 'sofa');
  return pair.length === 2 && adjacent(pair[0]!, pair[1]!) ? pair : [seat];
}

export interface RowGroups {
  row: Row;
  groups: Seat[][];
}

/**
 * Groups of `count` free seats beside each other, row by row, with whole sofas
 * only. Wheelchair spaces are left out: they are chosen one by one.
 */
export function groups(h: Hall, free: (id: string) => boolean, count: number): RowGroups[] {
  return groupsSince(h, free, count, []);
}

/**
 * The same for a list that somebody reads: the groups of `before` keep their
 * places, also when one of their seats was taken since. What else is free by
 * now stands between them.
 */
export function groupsSince(h: Hall, free: (id: string) => boolean, count: number, before: RowGroups[]): RowGroups[] {
  return h.rows
    .map((row) => {
      const known = before.find((found) => found.row === row)?.groups ?? [];
      const offered = new Set(known.filter((group) => group.every((s) => free(s.id))).flatMap((group) => group.map((s) => s.id)));
      const more = inRow(h, row.seats, (id) => free(id) && !offered.has(id), count);
      return { row, groups: [...known, ...more].sort((a, b) => a[0]!.index - b[0]!.index) };
    })
    .filter((found) => found.groups.length > 0);
}

/** Wheelchair spaces, each alone and with the seat of a companion beside it. Those of `before` keep their places. */
export function spacesSince(h: Hall, free: (id: string) => boolean, before: Seat[][]): Seat[][] {
  const companions = (space: Seat) => h.rows[space.row]!.seats.filter((s) => s.type === 'companion' && adjacent(s, space));
  const known = new Set(before.map(key));
  return [...h.seats.values()]
    .filter((s) => s.type === 'wheelchair')
    .flatMap((space) => [[space], ...companions(space).map((friend) => [space, friend])])
    .filter((group) => known.has(key(group)) || group.every((s) => free(s.id)));
}

/** Tells a group from others. */
export const key = (group: Seat[]): string => group.map((s) => s.id).join(' ');

function inRow(h: Hall, seats: Seat[], free: (id: string) => boolean, count: number): Seat[][] {
  const out: Seat[][] = [];
  let run: Seat[] = [];
  const close = () => {
    // Groups that do not overlap, so that the list stays short.
    for (let i = 0; i + count <= run.length; ) {
      const group = run.slice(i, i + count);
      const whole = group.every((seat) => together(h, seat).every((other) => group.includes(other)));
      if (whole) out.push(group);
      i += whole ? count : 1;
    }
    run = [];
  };
  for (const seat of seats) {
    const usable = free(seat.id) && seat.type !== 'wheelchair' && seat.type !== 'companion';
    if (!usable) {
      close();
      continue;
    }
    if (run.length > 0 && !adjacent(run[run.length - 1]!, seat)) close();
    run.push(seat);
  }
  close();
  return out;
}

/** The free groups nearest to seats that were lost, the nearest first. */
export function nearest(h: Hall, free: (id: string) => boolean, lost: string[], count: number, most = 3): Seat[][] {
  const places = lost.map((id) => h.seats.get(id)).filter((s) => s !== undefined);
  if (places.length === 0) return [];
  const x = places.reduce((n, s) => n + s.x, 0) / places.length;
  const row = places.reduce((n, s) => n + s.row, 0) / places.length;
  const distance = (group: Seat[]) => Math.hypot(group.reduce((n, s) => n + s.x, 0) / group.length - x, (group[0]!.row - row) * 1.2);
  const out: Seat[][] = [];
  for (const group of sliding(h, free, count).sort((a, b) => distance(a) - distance(b))) {
    if (out.length === most) break;
    if (!out.some((other) => other.some((s) => group.includes(s)))) out.push(group);
  }
  return out;
}

function sliding(h: Hall, free: (id: string) => boolean, count: number): Seat[][] {
  const out: Seat[][] = [];
  for (const row of h.rows) {
    for (let i = 0; i + count <= row.seats.length; i++) {
      const group = row.seats.slice(i, i + count);
      const single = (s: Seat) => s.type === 'standard' || s.type === 'recliner';
      const fits = group.every((s, k) => single(s) && free(s.id) && (k === 0 || adjacent(group[k - 1]!, s)));
      if (fits) out.push(group);
    }
  }
  return out;
}

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last';

/** The seat that an arrow key leads to. Directions are those on the screen, in each language: the hall is a real room. */
export function step(h: Hall, from: Seat, direction: Direction): Seat {
  const row = h.rows[from.row]!.seats;
  switch (direction) {
    case 'left':
      return row[from.index - 1] ?? from;
    case 'right':
      return row[from.index + 1] ?? from;
    case 'first':
      return row[0]!;
    case 'last':
      return row[row.length - 1]!;
    default: {
      const next = h.rows[from.row + (direction === 'up' ? -1 : 1)];
      if (!next) return from;
      return next.seats.reduce((best, s) => (Math.abs(s.x - from.x) < Math.abs(best.x - from.x) ? s : best));
    }
  }
}

/** Which seats changed between two maps, so that a new snapshot touches only those. */
export function states(map: Pick<SeatMap, 'held' | 'sold'>): Map<string, State> {
  const out = new Map<string, State>();
  for (const id of map.held) out.set(id, 'held');
  for (const id of map.sold) out.set(id, 'sold');
  return out;
}
