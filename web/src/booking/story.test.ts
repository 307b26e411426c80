import { beforeEach, describe, expect, test, vi } from 'vitest';

import { moneyWords, phase, phaseWords, story, undecided, type Phase } from './story';
import schema from '../api/schema.d.ts?raw';
import en from '../i18n/en';
import { speak } from '../i18n/i18n.svelte';
import { words } from '../i18n/later';
import type { Booking } from './watch.svelte';

const inr = (amount: number) => ({ amount, currency: 'INR' });
const ends = Date.parse('2026-11-27T16:00:00Z');
const before = ends - 3600_000;

type Event = Booking['timeline'][number]['event'];
type PaymentStatus = NonNullable<Booking['payment']>['status'];

function booking(status: Booking['status'], payment?: PaymentStatus, events: (Event | [Event, string])[] = []): Booking {
  return {
    status,
    payment: payment ? { provider: 'stripe', status: payment } : null,
    seats: ['A7', 'A8'],
    quote: { total: inr(60280) },
    show: { ends_at: new Date(ends).toISOString() },
    timeline: events.map((event, i) => ({ at: `2026-11-27T10:0${i}:00Z`, event: Array.isArray(event) ? event[0] : event, detail: Array.isArray(event) ? event[1] : '' })),
  } as unknown as Booking;
}

beforeEach(async () => {
  vi.stubGlobal('document', { documentElement: {} });
  vi.stubGlobal('navigator', { languages: ['en-IN'] });
  await speak('en');
});

describe('phase', () => {
  test.each<[Booking['status'], PaymentStatus | undefined, Event[], number, Phase]>([
    ['held', undefined, ['held'], before, 'pay'],
    ['held', 'none', ['held'], before, 'pay'],
    ['held', 'open', ['held', 'payment_opened'], before, 'pay'],
    ['held', 'failed', ['held', 'payment_opened'], before, 'declined'],
    ['held', 'open', ['held', 'payment_opened', 'declined'], before, 'declined'],
    ['held', 'open', ['held', 'declined', 'payment_opened'], before, 'pay'],
    ['held', 'in_doubt', ['held', 'payment_in_doubt'], before, 'doubt'],
    ['held', 'in_doubt', ['held', 'declined'], before, 'doubt'],
    ['held', 'authorized', ['held', 'authorized'], before, 'checking'],
    ['held', 'open', [], before, 'pay'],
    ['held', 'authorized', ['held', 'authorized', 'confirming'], before, 'confirming'],
    ['held', 'authorized', ['held', 'confirming', 'authorized'], before, 'checking'],
    ['confirmed', 'captured', ['authorized', 'confirming', 'confirmed'], before, 'ticket'],
    ['confirmed', 'captured', ['confirmed', 'captured', 'cancel_asked', 'notified'], before, 'cancelling'],
    ['confirmed', 'captured', ['confirmed', 'cancel_asked', 'cancel_refused'], before, 'ticket'],
    ['confirmed', 'captured', ['confirmed', 'cancel_asked'], ends + 1, 'over'],
    ['cancelled', 'captured', ['confirmed', 'cancel_asked', 'cancelled'], before, 'cancelled'],
    ['confirmed', 'captured', [], before, 'ticket'],
    ['confirmed', 'authorized', [], before, 'ticket'],
    ['confirmed', 'captured', [], ends, 'ticket'],
    ['confirmed', 'captured', [], ends + 1, 'over'],
    ['expired', 'open', [], before, 'expired'],
    ['expired', 'voided', [], ends + 1, 'expired'],
    ['cancelled', 'refunded', [], before, 'cancelled'],
    ['payment_failed', 'failed', ['declined'], before, 'failed'],
    ['rejected', undefined, [], before, 'failed'],
  ])('%s, %s, %j at %i: %s', (status, payment, events, now, expected) => {
    expect(phase(booking(status, payment, events), now)).toBe(expected);
  });
});

describe('story', () => {
  test('begins with the latest', () => {
    const b = booking('confirmed', 'captured', ['held', 'authorized', 'confirmed', 'captured']);
    expect(story(b)).toEqual([
      { at: '2026-11-27T10:03:00Z', text: '₹602.80 was taken.' },
      { at: '2026-11-27T10:02:00Z', text: 'The seats are sold to you.' },
      { at: '2026-11-27T10:01:00Z', text: 'Your bank reserved ₹602.80.' },
      { at: '2026-11-27T10:00:00Z', text: 'A7 and A8 are kept for you.' },
    ]);
    expect(b.timeline[0]!.event).toBe('held');
  });

  test('one seat is one seat', () => {
    expect(story({ ...booking('held', 'open', ['held']), seats: ['A7'] })[0]!.text).toBe('A7 is kept for you.');
  });

  test('says what comes back', () => {
    const b = { ...booking('cancelled', 'refunded', ['refunded']), refund: { amount: inr(30000), status: 'done' } } as Booking;
    expect(story(b)[0]!.text).toBe('₹300.00 was given back.');
  });

  test.each<[Event, string, string]>([
    ['declined', 'The card has no funds.', 'The card has no funds.'],
    ['declined', '', en.event_declined],
    ['captured', 'pi_123', '₹602.80 was taken.'],
  ])('the detail of %s: %j', (event, detail, expected) => {
    expect(story(booking('held', 'open', [[event, detail]]))[0]!.text).toBe(expected);
  });

  test.each<[Event, RegExp]>([
    ['confirming', /The theater has not answered yet\. Your seats stay/],
    ['cancel_asked', /You asked to cancel/],
    ['cancel_refused', /does not take the tickets back/],
  ])('what a theater’s own system is asked: %s', (event, expected) => {
    expect(story(booking('held', 'authorized', [[event, 'the theater has not answered']]))[0]!.text).toMatch(expected);
  });

  test('an event without words is told by its detail', () => {
    expect(story(booking('held', 'open', [['teleported' as Event, 'It went away.']]))[0]!.text).toBe('It went away.');
  });

  test('details are English: other languages have words of their own', async () => {
    await speak('hi');
    expect(story(booking('held', 'open', [['declined', 'The card has no funds.']]))[0]!.text).not.toMatch(/card/);
  });

  test('there are words for each event of the API', () => {
    const events = [.../ {8}Timeline: \{[\s\S]*?event: ([^;]+);/.exec(schema)![1]!.matchAll(/"(\w+)"/g)].map((m) => m[1]!);
    expect(events.length).toBeGreaterThan(20);
    expect(events.filter((event) => !('event_' + event in en) && !('event_' + event in words.en))).toEqual([]);
  });
});

test.each<[Booking['status'], PaymentStatus, Event[], string | undefined]>([
  ['cancelled', 'captured', ['authorized', 'captured'], undefined],
  ['cancelled', 'voided', ['authorized'], 'The reserved ₹602.80 goes back to you. We took nothing.'],
  ['cancelled', 'voided', [], 'Nothing was taken.'],
  ['expired', 'voided', [], undefined],
  ['cancelled', 'open', [], undefined],
])('the money of a booking: %s, %s, %s', (status, payment, events, words) => {
  expect(moneyWords(booking(status, payment, events))).toBe(words);
});

test.each([
  ['pending', '₹5.00 is on its way back to you. Banks take a few days.'],
  ['done', '₹5.00 was given back.'],
] as const)('a refund that is %s', (status, words) => {
  expect(moneyWords({ ...booking('cancelled', 'captured'), refund: { amount: inr(500), status } })).toBe(words);
});

test.each<[Booking['status'], Event[], boolean]>([
  ['confirmed', ['confirmed'], false],
  ['confirmed', ['confirmed', 'rescheduled'], true],
  ['confirmed', ['rescheduled', 'chosen'], false],
  ['confirmed', ['rescheduled', 'chosen', 'rescheduled'], true],
  ['cancelled', ['rescheduled'], false],
])('a choice is open: %s after %s', (status, events, open) => {
  expect(undecided(booking(status, 'captured', events))).toBe(open);
});

test.each<[Phase, RegExp]>([
  ['confirming', /theater is confirming/],
  ['cancelling', /asked to cancel/],
  ['ticket', /yours/],
])('a phase is called: %s', (stage, expected) => {
  expect(phaseWords(stage, { n: 2 })).toMatch(expected);
});
