// @vitest-environment happy-dom
import { describe, expect, test, vi } from 'vitest';

import { Failure } from '../../api/client';
import { Choices, type Choice } from './choices.svelte';

const all: Choice[] = [
  { channel: 'email', kind: 'tickets', wanted: true, required: true },
  { channel: 'sms', kind: 'tickets', wanted: true, required: false },
  { channel: 'email', kind: 'reminders', wanted: true, required: false },
  { channel: 'push', kind: 'reminders', wanted: false, required: false },
];
const [, sms, mail, push] = all as [Choice, Choice, Choice, Choice];
const wanted = (choices: Choices, { channel, kind }: Choice) => choices.items.find((one) => one.channel === channel && one.kind === kind)!.wanted;

/** Answers that the test gives when it wants to. */
function platform() {
  const sent: { choice: Choice; answer: (failure?: Failure) => void }[] = [];
  const save = vi.fn((choice: Choice) => new Promise<void>((resolve, reject) => sent.push({ choice, answer: (failure) => (failure ? reject(failure) : resolve()) })));
  return { sent, save };
}
const offline = () => new Failure('offline', 0, 'There is no connection.');
const soon = () => new Promise((done) => setTimeout(done));

describe('Choices', () => {
  test('are in groups by kind, in the order of the platform', () => {
    const choices = new Choices(vi.fn());
    choices.take(all);
    expect(choices.kinds.map(([kind, of]) => [kind, of.map((one) => one.channel)])).toEqual([
      ['tickets', ['email', 'sms']],
      ['reminders', ['email', 'push']],
    ]);
  });

  test('one shows at once, and says that it is saved when it is', async () => {
    const { sent, save } = platform();
    const told = vi.fn();
    const choices = new Choices(save, told);
    choices.take(all);
    const done = choices.set(mail, false);
    expect([wanted(choices, mail), choices.state(mail)]).toEqual([false, undefined]);
    await soon();
    expect(sent.map((one) => one.choice)).toEqual([{ channel: 'email', kind: 'reminders', wanted: false }]);
    sent[0]!.answer();
    await done;
    expect([wanted(choices, mail), choices.state(mail), told.mock.calls]).toEqual([false, 'saved', [['saved']]]);
  });

  test('one that is not saved goes back and says so', async () => {
    const { sent, save } = platform();
    const choices = new Choices(save);
    choices.take(all);
    const done = choices.set(push, true);
    await soon();
    sent[0]!.answer(offline());
    await done;
    expect([wanted(choices, push), choices.state(push), wanted(choices, mail)]).toEqual([false, 'failed', true]);
    const again = choices.set(push, true);
    expect(choices.state(push), 'the next press starts from the beginning').toBeUndefined();
    await soon();
    sent[1]!.answer();
    await again;
    expect([wanted(choices, push), choices.state(push)]).toEqual([true, 'saved']);
  });

  test('of quick presses the last one counts, and those between are not sent', async () => {
    const { sent, save } = platform();
    const choices = new Choices(save);
    choices.take(all);
    const presses = [choices.set(sms, false), choices.set(sms, true), choices.set(sms, false), choices.set(mail, false)];
    await soon();
    for (let i = 0; i < 2; i++) {
      sent[i]!.answer();
      await soon();
    }
    await Promise.all(presses);
    expect(sent.map(({ choice }) => [choice.channel, choice.wanted])).toEqual([
      ['sms', false],
      ['email', false],
    ]);
    expect([wanted(choices, sms), wanted(choices, mail)]).toEqual([false, false]);
  });

  test('a failure goes back to what was saved, not to what was shown', async () => {
    const { sent, save } = platform();
    const choices = new Choices(save);
    choices.take(all);
    const first = choices.set(mail, false);
    await soon();
    const second = choices.set(mail, true);
    sent[0]!.answer();
    await first;
    await soon();
    sent[1]!.answer(offline());
    await second;
    expect([wanted(choices, mail), choices.state(mail)]).toEqual([false, 'failed']);
  });
});
