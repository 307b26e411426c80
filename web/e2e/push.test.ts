import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { base } from './platform';
import { readyOffline, stage, until } from './world';

const there = stage();

/** Delivers a message to the page's service worker, as a push service does. */
async function deliver(page: Page, data: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const registration = new Promise<string>((found) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find((r) => r.scopeURL === base + '/' && !r.isDeleted);
      if (ours) found(ours.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  await devtools.send('ServiceWorker.deliverPushMessage', { origin: base, registrationId: await registration, data });
}

interface Shown {
  title: string;
  body: string;
  dir: string;
  tag: string;
  navigate: string;
}

function shown(page: Page): Promise<Shown[]> {
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    return (await registration.getNotifications()).map((n) => ({ title: n.title, body: n.body, dir: n.dir, tag: n.tag, navigate: (n.data as { navigate: string }).navigate }));
  });
}

const declared = {
  web_push: 8030,
  notification: { title: 'Soon: Dune: Part Two (3D)!', body: 'Today 19:30, F12', navigate: base + '/bookings/1', lang: 'en', dir: 'auto', tag: 'booking-1' },
};

test('G11 Each message is shown, also while the app is in front, and in the form that Safari shows by itself', async () => {
  const { page, context } = await there.visit('phone');
  await context.grantPermissions(['notifications'], { origin: base });
  await page.goto('/about');
  await readyOffline(page);

  await deliver(page, JSON.stringify(declared));
  await until('the message is shown', async () => (await shown(page)).length === 1);
  expect((await shown(page))[0]).toEqual({ title: declared.notification.title, body: declared.notification.body, dir: 'auto', tag: 'booking-1', navigate: base + '/bookings/1' });

  await deliver(page, JSON.stringify({ ...declared, notification: { ...declared.notification, body: 'Today 19:45, F12' } }));
  await until('a newer message of the booking replaces it', async () => (await shown(page))[0]?.body === 'Today 19:45, F12');
  expect(await shown(page)).toHaveLength(1);

  await deliver(page, 'no JSON');
  await until('what cannot be read is shown all the same', async () => (await shown(page)).some((n) => n.title === 'Boxoffice' && n.navigate === '/tickets'));
});
