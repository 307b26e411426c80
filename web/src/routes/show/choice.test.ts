// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { attempt, forgetAttempt, forgetChoice, holdNext, holdsNow, keepChoice, keptChoice, unanswered } from './choice';

const forbidden = () => {
  throw new DOMException('forbidden', 'SecurityError');
};

beforeEach(() => {
  sessionStorage.clear();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the choice', () => {
  test('is kept by show', () => {
    keepChoice('a', ['A1', 'A2']);
    keepChoice('b', ['B1']);
    expect(keptChoice('a')).toEqual(['A1', 'A2']);
    expect(keptChoice('b')).toEqual(['B1']);
    expect(keptChoice('c')).toEqual([]);
    forgetChoice('a');
    expect(keptChoice('a')).toEqual([]);
    expect(keptChoice('b')).toEqual(['B1']);
  });

  test.each([
    ['not JSON', '['],
    ['an object', '{}'],
    ['null', 'null'],
  ])('%s counts as none', (_, text) => {
    sessionStorage.setItem('boxoffice.choice.a', text);
    expect(keptChoice('a')).toEqual([]);
  });

  test('takes names only', () => {
    sessionStorage.setItem('boxoffice.choice.a', '["A1",7,null]');
    expect(keptChoice('a')).toEqual(['A1']);
  });
});

test('is held once, for the show that was asked for', () => {
  expect(holdsNow('a')).toBe(false);
  holdNext('a');
  expect(holdsNow('a')).toBe(true);
  expect(holdsNow('a')).toBe(false);
  holdNext('a');
  expect(holdsNow('b')).toBe(false);
  expect(holdsNow('a'), 'the person went to another show').toBe(false);
});

describe('the key', () => {
  test('is the same for the same seats in any order', () => {
    const key = attempt('a', ['A1', 'A2', 'A10']);
    expect(key).toMatch(/^[0-9a-f-]{36}$/);
    expect(attempt('a', ['A10', 'A2', 'A1'])).toBe(key);
  });

  test.each([
    ['other seats', () => attempt('a', ['A1', 'A3'])],
    ['fewer seats', () => attempt('a', ['A1'])],
    ['another show', () => attempt('b', ['A1', 'A2'])],
    ['after a refusal', () => (forgetAttempt('a'), attempt('a', ['A1', 'A2']))],
    ['after the choice is over', () => (forgetChoice('a'), attempt('a', ['A1', 'A2']))],
    ['after a broken entry', () => (sessionStorage.setItem('boxoffice.attempt.a', '{'), attempt('a', ['A1', 'A2']))],
  ])('is another: %s', (_, next) => {
    const key = attempt('a', ['A1', 'A2']);
    const other = next();
    expect(other).toMatch(/^[0-9a-f-]{36}$/);
    expect(other).not.toBe(key);
  });

  test('its seats may be the own ones until it is answered', () => {
    attempt('a', ['A2', 'A1']);
    expect(unanswered('a')).toEqual(['A1', 'A2']);
    forgetAttempt('a');
    expect(unanswered('a')).toEqual([]);
  });

  test('a new one stays', () => {
    attempt('a', ['A1']);
    forgetAttempt('a');
    const renewed = attempt('a', ['A1']);
    expect(attempt('a', ['A1'])).toBe(renewed);
  });

  test('leaves the seats in their order', () => {
    const seats = ['A2', 'A1'];
    attempt('a', seats);
    expect(seats).toEqual(['A2', 'A1']);
  });
});

describe('a storage that throws', () => {
  beforeEach(() => {
    vi.stubGlobal('sessionStorage', { getItem: forbidden, setItem: forbidden, removeItem: forbidden, clear: () => {} });
  });

  test('keeps no choice', () => {
    keepChoice('a', ['A1']);
    expect(keptChoice('a')).toEqual([]);
    expect(() => forgetChoice('a')).not.toThrow();
  });

  test('has the same key as long as the page lasts', () => {
    const key = attempt('x', ['A1']);
    expect(attempt('x', ['A1'])).toBe(key);
    expect(attempt('x', ['A2'])).not.toBe(key);
    forgetChoice('x');
    expect(attempt('x', ['A1'])).not.toBe(key);
  });
});

test('a storage that is full has the same key', () => {
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: forbidden, removeItem: () => {}, clear: () => {} });
  expect(attempt('full', ['A1'])).toBe(attempt('full', ['A1']));
});
