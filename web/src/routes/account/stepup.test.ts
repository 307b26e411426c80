// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { Failure } from '../../api/client';
import { StepUp } from './stepup.svelte';

const needed = () => new Failure('confirmation_needed', 403, 'Show again that it is you.');
const names = (proof: StepUp) => proof.fields.map((field) => field.name);

let bodies: unknown[];
/** What the platform answers to a proof, and whether the account has an app. */
function platform({ app = false, refuses }: { app?: boolean; refuses?: { status: number; body: object } } = {}) {
  bodies = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.url.endsWith('/v1/me/factors')) return Response.json({ totp_since: app ? '2026-01-01T00:00:00Z' : null, recovery_codes: 9, required: false });
    bodies.push(await request.json());
    return refuses ? Response.json(refuses.body, { status: refuses.status }) : new Response(null, { status: 204 });
  });
}
beforeEach(() => platform());

describe('StepUp', () => {
  test('a session that has just begun is asked for nothing', async () => {
    const proof = new StepUp();
    expect(await proof.run(async () => 'done', {})).toBe('done');
    expect([proof.asked, names(proof), bodies]).toEqual([false, [], []]);
  });

  test('an older one shows the password, once', async () => {
    const proof = new StepUp();
    await expect(proof.run(() => Promise.reject(needed()), {})).rejects.toThrow(Failure);
    expect(names(proof)).toEqual(['password']);
    const call = vi.fn().mockRejectedValueOnce(new Failure('validation_failed', 422, 'no')).mockResolvedValueOnce('done');
    await expect(proof.run(call, { password: 'four words' })).rejects.toThrow('no');
    expect(names(proof), 'it is proved, whatever else was wrong').toEqual([]);
    expect(await proof.run(call, {})).toBe('done');
    expect(bodies).toEqual([{ password: 'four words' }]);
  });

  test('with an app also its code, or a recovery code', async () => {
    platform({ app: true });
    const proof = new StepUp();
    await expect(proof.run(() => Promise.reject(needed()), {})).rejects.toThrow();
    expect(names(proof)).toEqual(['password', 'code']);
    proof.lost = true;
    expect(names(proof)).toEqual(['password', 'recovery_code']);
    await proof.run(async () => {}, { password: 'four words', recovery_code: 'x', code: 'left over' });
    expect(bodies).toEqual([{ password: 'four words', recovery_code: 'x' }]);
  });

  test.each([
    [{ status: 422, body: { code: 'password_wrong', errors: [{ field: 'password', message: 'Write it.' }] } }, 'The password is wrong.'],
    [{ status: 422, body: { code: 'validation_failed', errors: [{ field: 'code', message: 'Write it.' }] } }, 'This code is wrong, or no longer counts.'],
    [{ status: 429, body: { code: 'too_many_requests' } }, 'There were too many attempts. Wait a minute and try again.'],
    [{ status: 503, body: { code: 'unavailable' } }, undefined],
  ])('a refused proof %j', async (refuses, words) => {
    const proof = new StepUp();
    await expect(proof.run(() => Promise.reject(needed()), {})).rejects.toThrow();
    platform({ refuses });
    const call = vi.fn();
    const failure = await proof.run(call, { password: 'wrong' }).catch((cause: Failure) => cause);
    expect([proof.explain(failure as Failure), proof.asked, call.mock.calls.length]).toEqual([words, true, 0]);
  });

  test('the words of a proof are not those of the call', async () => {
    const proof = new StepUp();
    const often = new Failure('too_many_requests', 429, 'Several codes were sent.');
    await expect(proof.run(() => Promise.reject(often), {})).rejects.toThrow();
    expect(proof.explain(often)).toBeUndefined();
  });
});
