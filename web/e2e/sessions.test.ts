import { expect, test } from 'vitest';

import { findShow, hold, pay, signUp } from './platform';
import { logIn, readyOffline, stage, until } from './world';

const there = stage();

test('Who ends a session elsewhere ends what that browser shows and keeps', async () => {
  const show = await findShow();
  const customer = await signUp('Zubeida Quartermaine');
  const booking = await pay(customer, await hold(customer, show.id, [show.free[0]!]));
  const a = await there.visit('desktop', { userAgent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15' });
  const b = await there.visit('phone', { userAgent: 'Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0' });
  await logIn(a.page, customer);
  await logIn(b.page, customer);
  await b.page.goto('/tickets/' + booking.id);
  await b.page.getByRole('img', { name: 'QR code for the door' }).waitFor();
  await readyOffline(b.page);
  await b.page.goto('/account/profile');
  const name = b.page.getByLabel('Name', { exact: true });
  await name.waitFor();

  await a.page.goto('/account/security');
  const list = a.page.getByRole('list', { name: 'Where you are logged in' });
  const own = list.getByRole('listitem').first();
  await own.getByText('Safari on macOS').waitFor();
  expect(await own.textContent()).toContain('this one');
  expect(await own.getByRole('button').count()).toBe(0);
  await a.page.getByRole('button', { name: 'Log it out: Firefox on Android' }).click();
  await list.getByText('Firefox on Android').waitFor({ state: 'detached' });

  b.allow(/status of 401/, 'its session has ended');
  await name.fill('Somebody Else');
  await b.page.getByRole('button', { name: 'Save' }).tap();
  await b.page.waitForURL(/\/login\?next=\/account\/profile/);
  expect(await b.page.content()).not.toContain(customer.email);
  const kept = () =>
    b.page.evaluate(async () => {
      const asked = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
      const db = await asked(indexedDB.open('boxoffice'));
      const rows = await asked(db.transaction('tickets').objectStore('tickets').getAllKeys());
      db.close();
      return JSON.stringify([rows, { ...localStorage }, { ...sessionStorage }]);
    });
  await until('nothing of the account is kept', async () => {
    const left = await kept();
    return [customer.id, customer.email, booking.id].every((secret) => !left.includes(secret));
  });

  // The session that logged in without a browser is left; it ends with the button for all others.
  await a.page.getByRole('button', { name: 'Log out everywhere else' }).click();
  await until('only this one is left', async () => (await list.getByRole('listitem').count()) === 1);
  await a.page.reload();
  await own.getByText('Safari on macOS').waitFor();
});
