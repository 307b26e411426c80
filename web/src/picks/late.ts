/**
 * All that screens show of suggestions, as one file that is loaded when a screen is there: the
 * start of the app has the name of each file that screens load, and so pays for each.
 */
export { pick } from '../i18n/picks';
export { default as More } from '../routes/home/More.svelte';
export { default as After } from '../routes/booking/After.svelte';
export { below } from './place';
export { default as Plain } from './Plain.svelte';
