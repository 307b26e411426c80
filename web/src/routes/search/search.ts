/** Filters of the search in the address: values of one filter stand in a row, with commas. */
export const filterNames = ['date', 'band', 'genre', 'language', 'format', 'certificate', 'accessibility'] as const;
export type FilterName = (typeof filterNames)[number];

type Band = 'morning' | 'afternoon' | 'evening' | 'night';

export interface Query {
  q?: string;
  city?: string;
  date?: string;
  band?: Band[];
  genre?: string[];
  language?: string[];
  format?: string[];
  certificate?: string[];
  accessibility?: string[];
  limit: number;
}

/** What is searched for, as long as the API takes it. Half an emoji at its end cannot be sent. */
export function short(text: string): string {
  return text.slice(0, 60).replace(/[\ud800-\udbff]$/, '');
}

/** What the API is asked for an address. */
export function filters(asked: URLSearchParams, city: string | undefined): Query {
  const out: Query = { limit: 20 };
  const q = asked.get('q')?.trim();
  if (q) out.q = short(q);
  if (city) out.city = city;
  const date = asked.get('date')?.split(',')[0];
  if (date) out.date = date;
  for (const name of filterNames) {
    if (name === 'date') continue;
    const values = asked.get(name)?.split(',').filter(Boolean);
    if (values && values.length > 0) (out as unknown as Record<string, string[]>)[name] = values;
  }
  return out;
}

/** A text in parts, with those that were found marked. Places are in code points. */
export function marked(text: string, highlights: { start: number; end: number }[]): { text: string; hit: boolean }[] {
  const signs = [...text];
  const out: { text: string; hit: boolean }[] = [];
  let at = 0;
  for (const { start, end } of highlights) {
    if (start > at) out.push({ text: signs.slice(at, start).join(''), hit: false });
    const hit = signs.slice(Math.max(at, start), end).join('');
    if (hit) out.push({ text: hit, hit: true });
    at = Math.max(at, end);
  }
  if (at < signs.length) out.push({ text: signs.slice(at).join(''), hit: false });
  return out;
}
