import type { Schemas } from '../../api/client';
import { t } from '../../i18n/i18n.svelte';
import type { Money } from '../../i18n/money';

type Show = Schemas['Show'];

/** The lowest price of some shows. */
export function cheapest(shows: Show[]): Money | undefined {
  return shows.flatMap((show) => Object.values(show.prices)).reduce<Money | undefined>((least, p) => (least && least.amount <= p.amount ? least : p), undefined);
}

/** What a show offers to people who need it, in short. */
export function marks(show: Pick<Show, 'captions' | 'audio_description' | 'relaxed'>): string[] {
  const out: string[] = [];
  if (show.captions) out.push(t('mark_captions'));
  if (show.audio_description) out.push(t('mark_audio'));
  if (show.relaxed) out.push(t('mark_relaxed'));
  return out;
}
