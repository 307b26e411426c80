import { i18n } from './i18n.svelte';
import { kept } from './kept';

export interface Money {
  amount: number;
  currency: string;
}

function format(currency: string, whole: boolean): Intl.NumberFormat {
  const { locale } = i18n;
  return kept(`money ${locale} ${currency} ${whole}`, () => {
    const options: Intl.NumberFormatOptions = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' };
    return new Intl.NumberFormat(locale, whole ? { ...options, trailingZeroDisplay: 'stripIfInteger' } as Intl.NumberFormatOptions : options);
  });
}

/** How many digits a currency has behind the point. */
export function digits(currency: string): number {
  return kept('digits ' + currency, () => new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2);
}

/** The amount as a decimal number in text, so that nothing is rounded on the way. */
export function decimal({ amount, currency }: Money): string {
  const places = digits(currency);
  const sign = amount < 0 ? '-' : '';
  const text = String(Math.abs(amount)).padStart(places + 1, '0');
  return sign + (places === 0 ? text : text.slice(0, -places) + '.' + text.slice(-places));
}

/** Money in the reader's own form: ₹602.80. */
export function money(value: Money): string {
  return format(value.currency, false).format(decimal(value) as unknown as number);
}

/** Money without zeros behind the point, for places with little room: ₹450. */
export function price(value: Money): string {
  return format(value.currency, true).format(decimal(value) as unknown as number);
}

/** The sum of amounts in one currency. */
export function sum(values: Money[]): Money | undefined {
  const first = values[0];
  return first && { amount: values.reduce((n, v) => n + v.amount, 0), currency: first.currency };
}
