/** What a seat is called, and which shape it has. */
import { named, t } from '../i18n/i18n.svelte';
import { price, type Money } from '../i18n/money';
import type { Seat } from './hall';

/** A category in the language of the app; theaters may have names of their own. */
export function categoryName(category: string): string {
  return named('category_', category) ?? category;
}

/** The whole state in one name: "C7, gold, ₹450, free". Screen readers differ in which other states they read. */
export function seatName(seat: Seat, state: 'free' | 'held' | 'sold' | 'mine', cost: Money | undefined): string {
  const category = categoryName(seat.category);
  const parts = [seat.id, category];
  const type = t(`type_${seat.type}`);
  // A recliner in the category of recliners is named once.
  if (seat.type !== 'standard' && type !== category) parts.push(type);
  if (cost && (state === 'free' || state === 'mine')) parts.push(price(cost));
  parts.push(t(`seat_${state}`));
  return parts.join(t('comma'));
}

/** A shape for each category, the cheapest first. */
export function shapes(prices: Record<string, Money>): Map<string, string> {
  const order = Object.entries(prices).sort((a, b) => a[1].amount - b[1].amount);
  return new Map(order.map(([category], i) => [category, 'shape' + Math.min(i, 3)]));
}
