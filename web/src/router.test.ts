// @vitest-environment happy-dom
import { describe, expect, test } from 'vitest';

import server from '../routes.go?raw';
import { match, routes } from './router.svelte';

describe('match', () => {
  test.each([
    ['/', '/', {}],
    ['/search', '/search', {}],
    ['/movies/heat', '/movies/:id', { id: 'heat' }],
    ['/theaters/pvr-forum', '/theaters/:id', { id: 'pvr-forum' }],
    ['/shows/1', '/shows/:id', { id: '1' }],
    ['/checkout/1', '/checkout/:id', { id: '1' }],
    ['/bookings', '/bookings', {}],
    ['/bookings/1', '/bookings/:id', { id: '1' }],
    ['/bookings/1/cancel', '/bookings/:id/cancel', { id: '1' }],
    ['/bookings/1/choice', '/bookings/:id/choice', { id: '1' }],
    ['/tickets', '/tickets', {}],
    ['/tickets/1', '/tickets/:id', { id: '1' }],
    ['/account', '/account', {}],
    ['/account/email', '/account/email', {}],
    ['/account/nothing', 'unknown', {}],
    ['/login', '/login', {}],
    ['/signup', '/signup', {}],
    ['/about', '/about', {}],
    ['/movies/heat/', '/movies/:id', { id: 'heat' }],
    ['/movies/am%C3%A9lie', '/movies/:id', { id: 'amélie' }],
    ['/movies/a%2Fb', '/movies/:id', { id: 'a/b' }],
    ['/movies/100%', '/movies/:id', { id: '100%' }],
    ['/movies/%E0%A4%A', '/movies/:id', { id: '%E0%A4%A' }],
    ['/movies', 'unknown', {}],
    ['/movies/heat/shows', 'unknown', {}],
    ['/bookings/1/refund', 'unknown', {}],
    ['/Search', 'unknown', {}],
    ['/v1/movies', 'unknown', {}],
    ['/docs', 'unknown', {}],
  ])('%s', (path, route, params) => {
    expect(match(path)).toEqual({ route, params });
  });

  test('finds each route', () => {
    for (const route of routes) expect(match(route.replace(':id', 'x')).route).toBe(route);
  });
});

test('the server has the same addresses', () => {
  const list = /var routes = [\s\S]*?\n}\n/.exec(server)![0];
  const known = [...list.matchAll(/\{"([^"]+)",/g)].map((found) => found[1]!.replace(/\{\w+\}/g, ':id'));
  expect(known.sort()).toEqual([...routes].sort());
});
