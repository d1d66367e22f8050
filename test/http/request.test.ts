import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkIdempotencyKey, idempotencyKeyOf } from '#shared/http/idempotency.ts';
import { invalidFields, invalidRequest } from '#shared/http/invalid-request.ts';
import { callerAddress, matchPath, parseQuery } from '#shared/http/request.ts';

describe('paths', () => {
  test.each([
    ['/v1/things', '/v1/things', {}],
    ['/v1/things/{id}', '/v1/things/tw-1', { id: 'tw-1' }],
    ['/v1/things/{id}/start', '/v1/things/tw-1/start', { id: 'tw-1' }],
    ['/v1/things/{id}', '/v1/things/a%2Fb', { id: 'a/b' }],
    ['/v1/things/{id}', '/v1/things/%C3%A9', { id: 'é' }],
    ['/v1/things/{id}', '/v1/things/%', { id: '%' }],
    ['/v1/things/{id}', '/v1/things/%zz', { id: '%zz' }],
    ['/v1/things/{id}', '/v1/things/%C3', { id: '%C3' }],
    ['/v1/**', '/v1/anything/at/all', {}],
    ['/v1/**', '/v1', {}],
  ])('%s takes %s', (template, path, parameters) => {
    expect(matchPath(template, path)).toEqual(parameters);
  });

  test.each([
    ['/v1/things', '/v1/things/'],
    ['/v1/things', '/v1/thing'],
    ['/v1/things', '/v1/THINGS'],
    ['/v1/things', '/v1/th%69ngs'],
    ['/v1/things/{id}', '/v1/things/'],
    ['/v1/things/{id}', '/v1/things'],
    ['/v1/things/{id}', '/v1/things/tw-1/'],
    ['/v1/things/{id}', '/v1/things/tw-1/start'],
    ['/v1/things/{id}/start', '/v1/things//start'],
    ['/v1/**', '/v2/things'],
  ])('%s does not take %s', (template, path) => {
    expect(matchPath(template, path)).toBeUndefined();
  });

  test('an id that was escaped comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (id) => {
        expect(matchPath('/things/{id}', `/things/${encodeURIComponent(id)}`)).toEqual({ id });
      }),
    );
  });

  test('no path makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        matchPath('/things/{id}/start', `/things/${path}/start`);
      }),
    );
  });
});

describe('queries', () => {
  test.each([
    ['', {}],
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=1&a=2', { a: ['1', '2'] }],
    ['a', { a: '' }],
    ['a=%zz', { a: '%zz' }],
    ['a=b+c%20d', { a: 'b c d' }],
    ['&&', {}],
  ])('%j', (query, expected) => {
    expect({ ...parseQuery(query) }).toEqual(expected);
  });

  test('a parameter called __proto__ is a parameter', () => {
    const parsed = parseQuery('__proto__=x&constructor=y');

    expect(Object.entries(parsed)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('the address of the caller', () => {
  const peer = '10.0.0.9';

  test.each([
    ['203.0.113.7', 1, '203.0.113.7'],
    ['6.6.6.6, 203.0.113.7', 1, '203.0.113.7'],
    ['6.6.6.6,203.0.113.7,10.1.1.1', 2, '203.0.113.7'],
    ['203.0.113.7', 2, peer],
    ['6.6.6.6, ', 1, peer],
    [undefined, 1, peer],
    ['6.6.6.6', 0, peer],
    ['6.6.6.6, 7.7.7.7', 0, peer],
  ])('of X-Forwarded-For %j behind %i proxies is %s', (forwarded, hops, address) => {
    expect(callerAddress({ headers: { 'x-forwarded-for': forwarded }, peer }, hops)).toBe(address);
  });
});

describe('idempotency keys', () => {
  const scope = { customerId: 'acme', endpoint: 'create', path: '/instances', body: '{"a":1,"b":[{"c":2,"d":3}]}' };

  test('no header, no key', () => {
    expect(checkIdempotencyKey(undefined)).toEqual([]);
    expect(idempotencyKeyOf(undefined, scope)).toBeUndefined();
  });

  test.each(['k', '~'.repeat(255), '8e03978e-40d5-43e8-bc93-6894a57f9324', '"quoted"', 'a|b/c'])('%s is one', (key) => {
    expect(checkIdempotencyKey(key)).toEqual([]);
    expect(idempotencyKeyOf(key, scope)?.id).toMatch(/^acme\|create\|[0-9a-f]{64}$/);
  });

  test.each(['', ' ', 'two words', '~'.repeat(256), 'tab\t', 'ümlaut', 'a\n', '\u007f'])('%j is none', (key) => {
    expect(checkIdempotencyKey(key)).toMatchObject([{ place: 'header', pointer: '/idempotency-key' }]);
  });

  test('the same JSON in another layout and order is the same use', () => {
    const other = '{ "b": [ {"d":3, "c":2} ],\n"a": 1.0 }';

    expect(idempotencyKeyOf('k', { ...scope, body: other })).toEqual(idempotencyKeyOf('k', scope));
  });

  test.each([
    ['body', { body: '{"a":1,"b":[{"c":2,"d":4}]}' }],
    ['order of a list', { body: '{"a":1,"b":[{"d":3},{"c":2}]}' }],
    ['path', { path: '/instances/tw-1/stop' }],
    ['text that is not JSON', { body: '{' }],
  ])('another %s is another use of the same key', (_, change) => {
    const [first, second] = [idempotencyKeyOf('k', scope), idempotencyKeyOf('k', { ...scope, ...change })];

    expect(second?.id).toBe(first?.id);
    expect(second?.bodyHash).not.toBe(first?.bodyHash);
  });

  test.each([{ customerId: 'umbrella' }, { endpoint: 'stop' }])('%j is another scope', (change) => {
    expect(idempotencyKeyOf('k', { ...scope, ...change })?.id).not.toBe(idempotencyKeyOf('k', scope)?.id);
  });

  test('__proto__ in a body counts like any other member', () => {
    const one = idempotencyKeyOf('k', { ...scope, body: '{"__proto__":{"a":1}}' });
    const two = idempotencyKeyOf('k', { ...scope, body: '{"__proto__":{"a":2}}' });

    expect(one?.bodyHash).not.toBe(two?.bodyHash);
  });
});

describe('what is wrong with a request', () => {
  const error = (instancePath: string, keyword: string, params: Readonly<Record<string, unknown>> = {}) => ({
    instancePath,
    keyword,
    params,
    message: 'must be right',
  });

  test.each([
    [error('', 'required', { missingProperty: 'name' }), '/name', 'is required'],
    [error('/spec', 'required', { missingProperty: 'a/b~c' }), '/spec/a~1b~0c', 'is required'],
    [error('', 'additionalProperties', { additionalProperty: 'colour' }), '/colour', 'is not known'],
    [error('', 'unevaluatedProperties', { unevaluatedProperty: 'colour' }), '/colour', 'is not known'],
    [error('/zone', 'enum', { allowedValues: ['a', 'b'] }), '/zone', 'must be one of a, b'],
    [error('/size', 'maximum', { limit: 5 }), '/size', 'must be right'],
  ])('%j is told as a place and a sentence', (given, pointer, message) => {
    expect(invalidFields('body', [given])).toEqual([{ place: 'body', pointer, message, rule: given.keyword }]);
  });

  test('a wrapper says nothing beside what failed inside it, and is told when it is all there is', () => {
    const inside = error('/a', 'type');

    expect(invalidFields('body', [inside, error('', 'anyOf')])).toHaveLength(1);
    expect(invalidFields('body', [error('', 'anyOf')])).toHaveLength(1);
  });

  test('the same thing is said once', () => {
    expect(invalidFields('query', [error('/a', 'type'), error('/a', 'type')])).toHaveLength(1);
  });

  test('the failure names all of it in one sentence', () => {
    const fields = [
      ...invalidFields('query', [error('', 'additionalProperties', { additionalProperty: 'colour' })]),
      ...invalidFields('body', [error('/spec', 'required', { missingProperty: 'name' })]),
    ];

    expect(invalidRequest(fields).message).toBe(
      'The request is not valid: query.colour is not known; body.spec.name is required.',
    );
    expect(invalidRequest(fields).fields).toEqual(fields);
  });
});
