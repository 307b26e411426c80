import type { Booking } from '../../booking/watch.svelte';
import type { SavedTicket } from '../../ticket/store';

/** Bookings that still lead to a show, the next one first; and the others, the latest first. */
export function sorted(bookings: Booking[], now: number): { upcoming: Booking[]; past: Booking[] } {
  const live = (b: Booking) => (b.status === 'held' || b.status === 'confirmed') && Date.parse(b.show.ends_at) > now;
  return {
    upcoming: bookings.filter(live).sort((a, b) => Date.parse(a.show.starts_at) - Date.parse(b.show.starts_at)),
    past: bookings.filter((b) => !live(b)).sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at)),
  };
}

/** Whether a ticket on this device is still the booking's: a moved show gives a new one. */
export function same(ticket: SavedTicket, booking: Booking): boolean {
  return ticket.serial === booking.ticket?.serial && ticket.show.starts_at === booking.show.starts_at && ticket.seats.join() === booking.seats.join();
}
