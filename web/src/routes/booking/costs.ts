import { sum, type Money } from '../../i18n/money';

export interface Line {
  category: string;
  seats: string[];
  each: Money;
  total: Money;
}

/** Seats of the same category and price in one line. */
export function lines(seats: { seat: string; category: string; price: Money }[]): Line[] {
  const out: Line[] = [];
  for (const { seat, category, price } of seats) {
    const line = out.find((l) => l.category === category && l.each.amount === price.amount);
    if (line) {
      line.seats.push(seat);
      line.total = sum([line.total, price])!;
    } else out.push({ category, seats: [seat], each: price, total: price });
  }
  return out;
}
