/**
 * The service worker's updates. A new one waits until the person asks for it,
 * and it is not even offered while somebody chooses seats or pays.
 */
import { router } from '../router.svelte';

let waiting = $state.raw<ServiceWorker | null>(null);
let asked = false;

const busy = ['/shows/:id', '/checkout/:id', '/bookings/:id'];

export const update = {
  get waiting() {
    return waiting !== null && !busy.includes(router.place.route);
  },
  apply() {
    asked = true;
    waiting?.postMessage('update');
  },
};

/** Registers the worker, unless it is registered already. Private windows and views inside other apps have none. */
export async function worker(): Promise<ServiceWorkerRegistration | undefined> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return undefined;
  return navigator.serviceWorker.register('/sw.js').catch(() => undefined);
}

/**
 * Installs the worker where the browser has them. Without it all works but tickets without a
 * network, and messages. Tells whether a worker has all files of the app, as soon as it has
 * them.
 */
export async function install(): Promise<boolean> {
  const registration = await worker();
  if (!registration) return false;
  waiting = registration.waiting;
  const follow = () => {
    const next = registration.installing;
    next?.addEventListener('statechange', () => {
      if (next.state === 'installed' && navigator.serviceWorker.controller) waiting = next;
    });
  };
  registration.addEventListener('updatefound', follow);
  follow(); // one that began when messages were looked at
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (asked) location.reload();
  });
  const next = registration.installing;
  return next ? installed(next) : registration.active !== null;
}

/** The registration as soon as a worker runs; undefined when none does so in half a minute, because its files cannot be kept. */
export function running(): Promise<ServiceWorkerRegistration | undefined> {
  return Promise.race([navigator.serviceWorker.ready, new Promise<undefined>((done) => setTimeout(() => done(undefined), 30_000))]);
}

/** Whether a worker that is being installed gets all of its files. */
function installed(next: ServiceWorker): Promise<boolean> {
  return new Promise((tell) => {
    const look = () => {
      if (next.state === 'redundant') tell(false);
      else if (next.state !== 'installing') tell(true);
    };
    next.addEventListener('statechange', look);
    look();
  });
}
