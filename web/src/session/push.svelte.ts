/**
 * Messages on this device. On an iPhone they need the app on the home screen. A
 * subscription that the browser or its push service lost is made again when the app
 * starts.
 */
import { answered, api } from '../api/client';
import { i18n } from '../i18n/i18n.svelte';
import { running, worker } from '../ui/update.svelte';

type State = 'unknown' | 'impossible' | 'install' | 'blocked' | 'off' | 'on';

/** There while messages are wanted: the address that the platform was given. */
const mark = 'boxoffice.push';
let state = $state<State>('unknown');
let publicKey: string | undefined;
let looking: Promise<void> | undefined;
let turn: Promise<unknown> = Promise.resolve();

/** One after the other: two that subscribe at once would undo each other's work. */
function inTurn(work: () => Promise<void>): Promise<void> {
  const mine = turn.then(work);
  turn = mine.catch(() => {});
  return mine;
}

export const push = {
  get state() {
    return state;
  },
  /** Looks what is possible here and, when messages were wanted, that they still arrive. */
  look(): Promise<void> {
    return (looking ??= inTurn(look).finally(() => (looking = undefined)));
  },
  /** Asks for permission, which must follow a tap at once, and subscribes. */
  async on(): Promise<void> {
    const permission = await Notification.requestPermission();
    if (permission !== 'granted') {
      state = permission === 'denied' ? 'blocked' : 'off';
      return;
    }
    await inTurn(subscribe).catch(() => {});
  },
  /** Tells the platform the language that is shown now, in which messages come from here on. */
  respeak(): Promise<void> {
    return inTurn(async () => {
      if (wanted() && state === 'on') await subscribe().catch(() => {});
    });
  },
  off(): Promise<void> {
    localStorage.removeItem(mark);
    return inTurn(async () => {
      localStorage.removeItem(mark); // what was under way may have set it again
      const subscription = await (await running())?.pushManager.getSubscription();
      if (subscription) await drop(subscription);
      state = 'off';
    });
  },
};

async function look(): Promise<void> {
  const found = await possible();
  if (found === 'off' && wanted() && Notification.permission === 'granted') await subscribe().catch(() => (state = found));
  else state = found;
}

function wanted(): boolean {
  return localStorage.getItem(mark) !== null;
}

async function possible(): Promise<State> {
  const phone = /iPhone|iPad/.test(navigator.userAgent);
  const standalone = matchMedia('(display-mode: standalone)').matches;
  if (phone && !standalone && !('PushManager' in window)) return 'install';
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return 'impossible';
  // Who comes here first does not wait for the worker that the app installs later.
  if (!(await worker())) return 'impossible';
  try {
    publicKey = (await answered(api.GET('/v1/push/key'))).public_key;
  } catch {
    return 'impossible'; // this platform sends none
  }
  return Notification.permission === 'denied' ? 'blocked' : 'off';
}

async function subscribe(): Promise<void> {
  const registration = await running();
  if (!registration) throw new Error('no worker runs');
  const key = bytes(publicKey!);
  let subscription = await registration.pushManager.getSubscription();
  if (subscription && !same(subscription.options.applicationServerKey, key)) {
    await subscription.unsubscribe(); // made for a key that the platform has no more
    subscription = null;
  }
  subscription ??= await make(registration, key);
  const before = localStorage.getItem(mark) === subscription.endpoint;
  if ((await register(subscription)) && before) {
    // The platform had it and has it no more: the push service said that it is gone, and told the browser nothing.
    await drop(subscription);
    subscription = await make(registration, key);
    await register(subscription);
  }
  localStorage.setItem(mark, subscription.endpoint);
  state = 'on';
}

function make(registration: ServiceWorkerRegistration, key: Uint8Array<ArrayBuffer>): Promise<PushSubscription> {
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** Gives the subscription to the platform, and tells whether it was new there. */
async function register(subscription: PushSubscription): Promise<boolean> {
  const { endpoint, keys } = subscription.toJSON();
  const body = { endpoint: endpoint!, keys: { p256dh: keys!.p256dh!, auth: keys!.auth! }, language: i18n.language };
  const call = api.PUT('/v1/me/push-subscriptions', { body });
  await answered(call);
  return (await call).response.status === 201;
}

async function drop(subscription: PushSubscription): Promise<void> {
  await answered(api.DELETE('/v1/me/push-subscriptions', { body: { endpoint: subscription.endpoint } })).catch(() => {});
  await subscription.unsubscribe();
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0));
}

function same(a: ArrayBuffer | null, b: Uint8Array): boolean {
  if (!a) return false;
  const view = new Uint8Array(a);
  return view.length === b.length && view.every((value, i) => value === b[i]);
}
