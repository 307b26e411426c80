/**
 * Tickets on this device, for the door without a network: in IndexedDB, with
 * the next one also in localStorage, since IndexedDB sometimes never answers.
 * They belong to an account and go when it logs out.
 */
import { clear, createStore, del, entries, get, set, type UseStore } from 'idb-keyval';

import { answered, api, file, type Schemas } from '../api/client';
import { session } from '../session/session.svelte';
import type { Booking } from '../booking/watch.svelte';

/** A ticket with all that its screen shows. */
export interface SavedTicket {
  account: string;
  booking: string;
  serial: string;
  show: Schemas['ShowSummary'];
  seats: string[];
  /** Opened by the link of its booking. Such a ticket is not kept: it is nobody's on this device. */
  readOnly?: boolean;
  /** The QR code as a PNG in a data: address. */
  image: string;
  /** Of a theater that sells from its own system: its number, and what opens its door for each seat. */
  number?: string;
  codes?: { seat: string; code: string; image: string }[];
  savedAt: number;
}

const patience = 3000;
const next = 'boxoffice.next-ticket';
let opened: UseStore | undefined;

function store(): UseStore {
  return (opened ??= createStore('boxoffice', 'tickets'));
}

/** Rejects when the browser's database does not answer. */
function soon<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('IndexedDB did not answer')), patience);
    const end = () => clearTimeout(timer);
    try {
      work().then(resolve, reject).finally(end);
    } catch (failure) {
      end();
      reject(failure as Error);
    }
  });
}

/** Fetches the ticket of a booking and keeps it. `fetched` has it before it is kept, which may take a while. */
export async function saveTicket(booking: Pick<Booking, 'id'>, fetched?: (ticket: SavedTicket) => void): Promise<SavedTicket> {
  const account = session.id ?? '';
  const [ticket, image] = await Promise.all([
    answered(api.GET('/v1/bookings/{id}/ticket', { params: { path: { id: booking.id } } })),
    file(`/v1/bookings/${booking.id}/ticket.png`).then(dataAddress),
  ]);
  const saved: SavedTicket = { account, booking: booking.id, serial: ticket.serial, show: ticket.show, seats: ticket.seats, image, savedAt: Date.now() };
  if (ticket.read_only) saved.readOnly = true;
  if (ticket.theater_number) saved.number = ticket.theater_number;
  if (ticket.theater_codes) saved.codes = await doorCodes(booking.id, ticket.seats, ticket.theater_codes);
  fetched?.(saved);
  if (saved.readOnly) return saved;
  keepNext(saved);
  await soon(() => set(booking.id, saved, store())).catch(() => {});
  void navigator.storage?.persist?.().catch(() => {});
  return saved;
}

/** The codes of a theater's own system with their images, in the order of the seats. */
function doorCodes(booking: string, seats: string[], codes: Record<string, string>): Promise<NonNullable<SavedTicket['codes']>> {
  const image = async (seat: string) => dataAddress(await file(`/v1/bookings/${booking}/ticket.png?seat=${encodeURIComponent(seat)}`));
  return Promise.all(seats.filter((seat) => codes[seat]).map(async (seat) => ({ seat, code: codes[seat]!, image: await image(seat) })));
}

function dataAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error('the image cannot be read'));
    reader.readAsDataURL(blob);
  });
}

function keepNext(ticket: SavedTicket): void {
  try {
    const kept = readNext();
    const later = kept && kept.account === ticket.account && Date.parse(kept.show.ends_at) > Date.now() && kept.show.starts_at < ticket.show.starts_at && kept.booking !== ticket.booking;
    if (!later) localStorage.setItem(next, JSON.stringify(ticket));
  } catch {
    // IndexedDB may have it.
  }
}

function readNext(): SavedTicket | undefined {
  try {
    return JSON.parse(localStorage.getItem(next) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

/** The ticket that is kept here for the account that is logged in. */
export async function savedTicket(booking: string): Promise<SavedTicket | undefined> {
  const found = (await soon(() => get<SavedTicket>(booking, store())).catch(() => undefined)) ?? readNext();
  return found && found.booking === booking && found.account === session.id ? found : undefined;
}

/** All tickets that are kept here for the account, the next show first. */
export async function savedTickets(): Promise<SavedTicket[]> {
  const rows = await soon(() => entries<string, SavedTicket>(store())).catch(() => []);
  const all = new Map(rows);
  const one = readNext();
  if (one) all.set(one.booking, one);
  return [...all.values()].filter((t) => t.account === session.id).sort((a, b) => a.show.starts_at.localeCompare(b.show.starts_at));
}

/** Takes a ticket away, since its booking was cancelled. */
export async function dropTicket(booking: string): Promise<void> {
  if (readNext()?.booking === booking) localStorage.removeItem(next);
  await soon(() => del(booking, store())).catch(() => {});
}

/** Takes all tickets away. */
export async function forgetTickets(): Promise<void> {
  try {
    localStorage.removeItem(next);
  } catch {
    // Nothing was kept, then.
  }
  await soon(() => clear(store())).catch(() => {});
}
