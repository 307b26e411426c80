/**
 * The words of suggested movies: the rows on the first screen, on a movie's page and below a
 * ticket. They come with those rows, so that neither the start of the app nor the many words
 * of later.ts wait for each other.
 */
import { fill, i18n, type Language } from './i18n.svelte';

const en = {
  for_you: 'For you',
  popular_in: 'Popular in {city}',
  may_like: 'You may also like',
  what_else: 'What else is on',
  because_you_saw: 'Because you booked {movie}',
  because_you_liked: 'Because you liked {movie}',
  your_tastes: 'Fits what you like',
  popular_in_city: 'Popular in {city}',
  new: 'New',
  similar: 'Similar to {movie}',
  explored: 'Something different',
  usual_theater: 'Your usual theater',
  usual_theater_row: 'Your usual theater, row {row}',
  usual_row: 'You sat in row {row} here',
  usual_weekday_time: 'Your usual day and time',
  usual_weekday: 'Your usual day',
  usual_time: 'Your usual time',
  usual_price: 'Your usual price',
  like: 'Like',
  like_of: 'Like {movie}',
  liked: 'You like {movie}.',
  like_taken_back: 'Taken back.',
  not_for_me: 'Not for me',
  not_for_me_of: '{movie} is not for me',
  gone: '{movie} will not be suggested to you any more.',
  undo: 'Undo',
  undo_of: 'Undo: suggest {movie} again',
  back: '{movie} is back.',
  leave_out: 'Leave this visit out of my suggestions',
  feedback_failed: 'That was not saved. Try again.',
};

export type PickKey = keyof typeof en;
type Words = Record<PickKey, string>;

const hi: Words = {
  for_you: 'आपके लिए',
  popular_in: '{city} में लोकप्रिय',
  may_like: 'आपको यह भी पसंद आ सकता है',
  what_else: 'और क्या चल रहा है',
  because_you_saw: 'क्योंकि आपने {movie} बुक की थी',
  because_you_liked: 'क्योंकि आपको {movie} पसंद है',
  your_tastes: 'आपकी पसंद के अनुसार',
  popular_in_city: '{city} में लोकप्रिय',
  new: 'नई',
  similar: '{movie} से मिलती-जुलती',
  explored: 'कुछ अलग',
  usual_theater: 'वही थिएटर जहाँ आप अक्सर जाते हैं',
  usual_theater_row: 'वही थिएटर जहाँ आप अक्सर जाते हैं, पंक्ति {row}',
  usual_row: 'यहाँ आप पंक्ति {row} में बैठे थे',
  usual_weekday_time: 'आपका आम दिन और समय',
  usual_weekday: 'आपका आम दिन',
  usual_time: 'आपका आम समय',
  usual_price: 'आपका आम दाम',
  like: 'पसंद है',
  like_of: '{movie} पसंद है',
  liked: 'आपको {movie} पसंद है।',
  like_taken_back: 'वापस ले लिया।',
  not_for_me: 'मेरे लिए नहीं',
  not_for_me_of: '{movie} मेरे लिए नहीं',
  gone: '{movie} का सुझाव अब आपको नहीं दिया जाएगा।',
  undo: 'वापस लें',
  undo_of: 'वापस लें: {movie} का सुझाव फिर दें',
  back: '{movie} वापस आ गई।',
  leave_out: 'मेरे सुझावों में इस बार को न गिनें',
  feedback_failed: 'यह सहेजा नहीं गया। फिर कोशिश करें।',
};

const ar: Words = {
  for_you: 'لك',
  popular_in: 'الرائج في {city}',
  may_like: 'قد يعجبك أيضًا',
  what_else: 'ماذا يُعرض أيضًا',
  because_you_saw: 'لأنك حجزت {movie}',
  because_you_liked: 'لأن {movie} أعجبك',
  your_tastes: 'يناسب ما تحب',
  popular_in_city: 'رائج في {city}',
  new: 'جديد',
  similar: 'يشبه {movie}',
  explored: 'شيء مختلف',
  usual_theater: 'دار السينما المعتادة لك',
  usual_theater_row: 'دار السينما المعتادة لك، الصف {row}',
  usual_row: 'جلست هنا في الصف {row}',
  usual_weekday_time: 'يومك ووقتك المعتادان',
  usual_weekday: 'يومك المعتاد',
  usual_time: 'وقتك المعتاد',
  usual_price: 'السعر المعتاد لك',
  like: 'يعجبني',
  like_of: 'يعجبني {movie}',
  liked: 'يعجبك {movie}.',
  like_taken_back: 'تم التراجع.',
  not_for_me: 'لا يناسبني',
  not_for_me_of: '{movie} لا يناسبني',
  gone: 'لن نقترح عليك {movie} بعد الآن.',
  undo: 'تراجع',
  undo_of: 'تراجع: اقترح {movie} من جديد',
  back: 'عاد {movie}.',
  leave_out: 'لا تحتسب هذه الزيارة في اقتراحاتي',
  feedback_failed: 'لم يُحفظ ذلك. حاول مجددًا.',
};

/** All languages, for the test that compares them. */
export const words: Record<Language, Words> = { en, hi, ar };

/** As t, for these words. */
export function pick(key: PickKey, values: Record<string, string | number> = {}): string {
  return fill(words[i18n.language][key], values, i18n.language);
}
