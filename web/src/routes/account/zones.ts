/** Names that cities had before. Chrome and Safari still list these; people look for the others. */
const renamed: Record<string, string> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Godthab': 'America/Nuuk',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
};

const today = (zone: string) => renamed[zone] ?? zone;

/** The time zones that this browser knows, by their names of today. */
export function zones(): string[] {
  // Firefox lists former and new names.
  return [...new Set([...Intl.supportedValuesOf('timeZone').map(today), 'UTC'])].sort();
}

/** The zone of this device. */
export function deviceZone(): string {
  return today(Intl.DateTimeFormat().resolvedOptions().timeZone);
}

const plain = (text: string) => text.trim().toLowerCase().replaceAll(/[\s_]+/g, '_');

/** The zone that somebody means who writes a city, or a name in other letters; the text itself when there is none, or more than one. */
export function meant(text: string, all: string[]): string {
  const wanted = plain(text);
  if (wanted === '') return '';
  const same = all.find((zone) => plain(zone) === wanted);
  if (same) return same;
  const cities = all.filter((zone) => plain(zone).endsWith('/' + wanted));
  return cities.length === 1 ? cities[0]! : today(text.trim());
}

/** A zone that this browser can show times in: its own for names that only the server knows. */
export function shownIn(zone: string | undefined): string {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return own;
  try {
    Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch {
    return own;
  }
}
