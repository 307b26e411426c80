/** What happened to a booking and to the money, in the customer's words. */
import { listed, named, t } from '../i18n/i18n.svelte';
import { later } from '../i18n/later';
import { money } from '../i18n/money';
import type { Booking } from './watch.svelte';

export interface Fact {
  at: string;
  text: string;
}

/** The timeline, the latest first. */
export function story(booking: Booking): Fact[] {
  const values = {
    seats: listed(booking.seats),
    total: money(booking.quote.total),
    refund: booking.refund ? money(booking.refund.amount) : '',
    n: booking.seats.length,
  };
  return booking.timeline
    .map((entry) => {
      const event = entry.event === 'voided' && !wasReserved(booking) ? 'closed' : entry.event;
      return { at: entry.at, text: detailed(entry, theaters(event) ?? named('event_', event, values)) };
    })
    .reverse();
}

/** What a theater's own system is asked, in words that are loaded later. */
function theaters(event: string): string | undefined {
  return event === 'confirming' || event === 'cancel_asked' || event === 'cancel_refused' ? later(`event_${event}`) : undefined;
}

/** These say more than our words can: which card, to which address. */
const telling = new Set(['notified', 'reminded', 'declined', 'disputed', 'dispute_won', 'dispute_lost', 'refund_failed']);

function detailed(entry: Booking['timeline'][number], words: string | undefined): string {
  if (!words) return entry.detail;
  return telling.has(entry.event) && entry.detail && document.documentElement.lang === 'en' ? entry.detail : words;
}

/** What the booking is for the customer at this moment. */
export type Phase = 'pay' | 'declined' | 'checking' | 'confirming' | 'doubt' | 'ticket' | 'cancelling' | 'expired' | 'failed' | 'cancelled' | 'over';

export function phase(booking: Booking, now: number): Phase {
  switch (booking.status) {
    case 'held':
      if (booking.payment?.status === 'in_doubt') return 'doubt';
      if (booking.payment?.status === 'authorized') return lastOf(booking, ['authorized', 'confirming']) === 'confirming' ? 'confirming' : 'checking';
      if (booking.payment?.status === 'failed' || lastIs(booking, 'declined')) return 'declined';
      return 'pay';
    case 'confirmed':
      if (Date.parse(booking.show.ends_at) < now) return 'over';
      return lastOf(booking, ['confirmed', 'cancel_asked', 'cancel_refused']) === 'cancel_asked' ? 'cancelling' : 'ticket';
    case 'expired':
      return 'expired';
    case 'cancelled':
      return 'cancelled';
    default:
      return 'failed';
  }
}

/** What a phase is called; its longer text is in the same words with _text. */
export function phaseWords(stage: Phase, values: Record<string, string | number>): string {
  return stage === 'confirming' || stage === 'cancelling' ? later(`phase_${stage}`, values) : t(`phase_${stage}`, values);
}

function lastOf(booking: Booking, events: string[]): string | undefined {
  return booking.timeline.findLast(({ event }) => events.includes(event))?.event;
}

function lastIs(booking: Booking, event: string): boolean {
  return booking.timeline[booking.timeline.length - 1]?.event === event;
}

/** Whether the show was moved, and the customer has not yet said what should become of the booking. */
export function undecided(booking: Booking): boolean {
  return booking.status === 'confirmed' && lastOf(booking, ['rescheduled', 'chosen', 'moved']) === 'rescheduled';
}

/** Where the money of a booking is that has ended, or part of it that came back. */
export function moneyWords(booking: Booking): string | undefined {
  if (booking.refund) return t(booking.refund.status === 'done' ? 'refund_done' : 'refund_pending', { refund: money(booking.refund.amount) });
  if (booking.payment?.status !== 'voided') return undefined;
  if (wasReserved(booking)) return t('let_go', { total: money(booking.quote.total) });
  return booking.status === 'cancelled' ? t('nothing_taken') : undefined;
}

/** Whether a bank reserved money: a payment that was only opened has nothing to let go. */
function wasReserved(booking: Booking): boolean {
  return booking.timeline.some(({ event }) => event === 'authorized');
}
