import type { Booking } from '../../booking/watch.svelte';

/** Bookings that still lead to a show, the next one first; and the others, the latest first. */
export function sorted(bookings: Booking[], now: number): { upcoming: Booking[]; past: Booking[] } {
  const live = (b: Booking) => (b.status === 'held' || b.status === 'confirmed') && Date.parse(b.show.ends_at) > now;
  return {
    upcoming: bookings.filter(live).sort((a, b) => Date.parse(a.show.starts_at) - Date.parse(b.show.starts_at)),
    past: bookings.filter((b) => !live(b)).sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at)),
  };
}
