import { afterEach, beforeEach, expect, test, vi } from 'vitest';

vi.mock('../api/client', () => ({ answered: vi.fn(), api: {}, Failure: Error }));
vi.mock('./session.svelte', () => ({ begin: vi.fn() }));

import { answerOf, creationOptions, possible, requestOptions } from './passkey';

beforeEach(() => {
  vi.stubGlobal('PublicKeyCredential', class {}); // of a browser from before 2024
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const plain = (of: unknown) => [...new Uint8Array(of as ArrayBuffer)];

test('An IP address has no passkeys', () => {
  for (const [hostname, is] of [['boxoffice.example', true], ['localhost', true], ['127.0.0.1', false], ['[::1]', false]] as const) {
    vi.stubGlobal('location', { hostname });
    expect(possible(), hostname).toBe(is);
  }
  vi.stubGlobal('PublicKeyCredential', undefined);
  vi.stubGlobal('location', { hostname: 'localhost' });
  expect(possible()).toBe(false);
});

test('Options are read where the browser cannot', () => {
  const made = creationOptions({
    challenge: '-_8',
    user: { id: 'AQI', name: 'a', displayName: 'A' },
    rp: { name: 'Boxoffice' },
    pubKeyCredParams: [],
    excludeCredentials: [{ id: 'Aw', type: 'public-key' }],
  });
  expect(plain(made.challenge)).toEqual([0xfb, 0xff]);
  expect(plain(made.user.id)).toEqual([1, 2]);
  expect(plain(made.excludeCredentials![0]!.id)).toEqual([3]);
  const asked = requestOptions({ challenge: 'AQI', rpId: 'localhost' });
  expect(plain(asked.challenge)).toEqual([1, 2]);
  expect(asked.allowCredentials).toEqual([]);
});

test('Answers are written where the browser cannot', () => {
  const buffer = (...bytes: number[]) => new Uint8Array(bytes).buffer;
  const answer = answerOf({
    id: '-_8',
    rawId: buffer(0xfb, 0xff),
    type: 'public-key',
    response: { clientDataJSON: buffer(1, 2), authenticatorData: buffer(3), signature: buffer(4), userHandle: null },
    getClientExtensionResults: () => ({}),
  } as unknown as PublicKeyCredential);
  expect(answer).toEqual({ id: '-_8', rawId: '-_8', type: 'public-key', clientExtensionResults: {}, response: { clientDataJSON: 'AQI', authenticatorData: 'Aw', signature: 'BA' } });
});
