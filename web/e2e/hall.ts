/** A hall as large as a theater may have one, and a show in it, made by the staff's API. */
import { administrator, call, type Schemas, type SeatMap } from './platform';

const rows = 40;
const perRow = 50;
export const largeHall = rows * perRow;

export interface LargeShow {
  id: string;
  /** The seats' names, row by row. */
  rows: string[][];
}

/** A, B, … Z, AA, AB, … */
function rowLabel(row: number): string {
  const letter = String.fromCharCode(65 + (row % 26));
  return row < 26 ? letter : rowLabel(Math.floor(row / 26) - 1) + letter;
}

/** Plans a show in a new hall of 2,000 seats, on a day that no home page shows: other tests never find it. */
export async function planLargeShow(): Promise<LargeShow> {
  const token = await administrator();
  const theater = (await call<{ items: Schemas['StaffTheater'][] }>('GET', '/v1/admin/theaters?city=mumbai&limit=1', undefined, token)).items[0]!;
  const screen = await call<{ id: string }>('POST', '/v1/admin/screens', { theater_id: theater.id, name: 'Arena ' + crypto.randomUUID() }, token);
  const layout: SeatMap['layout'] = { rows: Array.from({ length: rows }, (_, r) => seatedRow(rowLabel(r))) };
  await call('POST', `/v1/admin/screens/${screen.id}/layouts`, layout, token);
  const home = await call<Schemas['Home']>('GET', '/v1/home?city=mumbai');
  const day = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
  const show = await call<{ id: string }>('POST', '/v1/admin/shows', {
    movie_id: home.movies[0]!.movie.id,
    screen_id: screen.id,
    starts_at: day + 'T13:00:00Z',
    format: '2D',
    language: 'hi',
    prices: { gold: { amount: 45_000, currency: theater.currency } },
  }, token);
  return { id: show.id, rows: layout.rows.map((row) => row.seats.map((seat) => seat.id)) };
}

/** Two aisles, and a seat between them and the walls. */
function seatedRow(label: string): SeatMap['layout']['rows'][number] {
  const aisles = (n: number) => (n > 15 ? 1 : 0) + (n > 35 ? 1 : 0);
  return {
    label,
    category: 'gold',
    seats: Array.from({ length: perRow }, (_, i) => ({ id: `${label}${i + 1}`, x: i + 1 + aisles(i + 1), type: 'standard' as const })),
  };
}
