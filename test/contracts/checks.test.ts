import { expect, test } from 'vitest';
import type { Check, CheckError } from '#shared/contracts/contract.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';
import { codePoints } from '#shared/contracts/run-check.ts';
import { generatedEndpoint } from './generated-endpoint.ts';

const history = await generatedEndpoint('compute-instances-history');
const operation = await generatedEndpoint('compute-operations-get');
const create = await generatedEndpoint('compute-instances-create');

/** Returns the errors as a caller would see them: the place and the rule. */
function broken(check: Check<unknown> | null, input: unknown): string[] {
  return errorsOf(check, input).map(({ instancePath, keyword, params }) => {
    const name = params['additionalProperty'] ?? params['missingProperty'];
    return `${instancePath}${typeof name === 'string' ? `/${name}` : ''} ${keyword}`;
  });
}

function errorsOf(check: Check<unknown> | null, input: unknown): readonly CheckError[] {
  const result = check?.(input);
  return result === undefined || result.valid ? [] : result.errors;
}

test.each([
  [{ limit: '1' }, { limit: 1 }],
  [{ limit: '100' }, { limit: 100 }],
  [{ limit: ['7'] }, { limit: 7 }],
  [{}, { limit: 20 }],
  [undefined, { limit: 20 }],
  [
    { cursor: '5', limit: '5' },
    { cursor: '5', limit: 5 },
  ],
])('a query of %j is taken as %j', (query, value) => {
  expect(history.checkQuery(query)).toStrictEqual({ valid: true, value });
});

test.each([
  ['0', '/limit minimum'],
  ['-1', '/limit minimum'],
  ['-0', '/limit minimum'],
  ['101', '/limit maximum'],
  ['1.5', '/limit type'],
  ['abc', '/limit type'],
  ['', '/limit type'],
  [' 5', '/limit type'],
  ['0x10', '/limit type'],
  ['1e1', '/limit type'],
  ['007', '/limit type'],
  ['١', '/limit type'],
  [['1', '2'], '/limit repeated'],
  [['1', '1'], '/limit repeated'],
  [[], '/limit repeated'],
])('limit=%j is an error that names limit', (limit, error) => {
  expect(broken(history.checkQuery, { limit })).toContain(error);
});

test('of very many mistakes the first fifty are told, and that there are more', () => {
  const unknown = Object.fromEntries(Array.from({ length: 32_000 }, (_, i) => [`unknown${i}`, 1]));

  const errors = errorsOf(create.checkBody, unknown);

  expect(errors).toHaveLength(51);
  expect(errors.at(-1)).toMatchObject({ instancePath: '', keyword: 'more' });
  expect(errors.at(-1)?.message).toMatch(/^and up to 3\d{4} more mistakes$/);
});

test('a wait may be 0 and 60, and nothing beyond', () => {
  const results = ['0', '60', '61', '-1', '30.5'].map((wait) => operation.checkQuery({ wait }).valid);

  expect(results).toEqual([true, true, false, false, false]);
});

test.each(['colour', '__proto__', 'constructor', 'toString', 'Limit'])('an unknown parameter %s is named', (name) => {
  const query = Object.fromEntries([[name, 'x']]);

  expect(broken(history.checkQuery, query)).toEqual([`/${name} additionalProperties`]);
});

test('everything that is wrong with a query is said at once', () => {
  expect(broken(history.checkQuery, { limit: ['0', '2'], cursor: '', colour: 'red' }).sort()).toEqual([
    '/colour additionalProperties',
    '/cursor minLength',
    '/limit minimum',
    '/limit repeated',
  ]);
});

test('the query that was sent is left as it was', () => {
  const query = Object.freeze({ cursor: 'x' });

  history.checkQuery(query);

  expect(query).toEqual({ cursor: 'x' });
});

test.each(['tw-550e84-a1b2c3d4', 'a', `a${'b'.repeat(62)}`, 'inst-7g2xq4bm'])(
  '%s can be the id of an instance',
  (id) => {
    expect(history.checkParams({ id })).toEqual({ valid: true, value: { id } });
  },
);

test.each(['', '1a', 'A', 'a-', '-a', 'a_b', 'a.b', 'a b', 'a\n', 'ä', 'a/b', '%2e', `a${'b'.repeat(63)}`])(
  '%j cannot be the id of an instance',
  (id) => {
    expect(broken(history.checkParams, { id })).toEqual(['/id pattern']);
  },
);

test.each([
  { template_id: 'ubuntu-22-standard', config_id: 'default-network' },
  { template_id: 'ubuntu-22-standard', zone: 'us-central1-a' },
  { templateID: 'ubuntu-22-standard', zone: '' },
  { templateID: 'ubuntu-22-standard', config_id: 'default-network' },
])('%j creates an instance', (body) => {
  expect(create.checkBody?.(body)).toEqual({ valid: true, value: body });
});

test.each([
  [{}, ['/template_id required', '/config_id required']],
  [{ template_id: 'a' }, ['/config_id required']],
  [{ config_id: 'a' }, ['/template_id required']],
  [{ zone: '' }, ['/template_id required']],
  [{ template_id: 1, config_id: null }, ['/config_id type', '/template_id type']],
  [{ template_id: '', config_id: 'a' }, ['/template_id minLength']],
  [{ template_id: 'a', zone: 'Nowhere!' }, ['/zone pattern']],
  [{ template_id: 'a', config_id: 'b', userId: 'c' }, ['/userId additionalProperties']],
  [JSON.parse('{"template_id":"a","config_id":"b","__proto__":{}}'), ['/__proto__ additionalProperties']],
  [[], [' type']],
  ['text', [' type']],
  [null, [' type']],
  [undefined, [' type']],
  [7, [' type']],
])('a body of %j is answered with what is wrong with it', (body, errors) => {
  expect(broken(create.checkBody, body).sort()).toEqual([...errors].sort());
});

test('two names of the template at once are refused, and the message names the other', () => {
  const errors = errorsOf(create.checkBody, { template_id: 'a', templateID: 'a', config_id: 'b' });

  expect(errors).toEqual([
    {
      instancePath: '/template_id',
      keyword: 'false schema',
      params: {},
      message: 'must not be sent together with templateID',
    },
  ]);
});

test('an error has a place, a rule, its parameters and a message, and nothing of the schema', () => {
  const errors = [
    ...errorsOf(create.checkBody, { template_id: 1 }),
    ...errorsOf(history.checkQuery, { limit: ['1', '2'] }),
  ];

  for (const error of errors)
    expect(Object.keys(error).sort()).toEqual(['instancePath', 'keyword', 'message', 'params']);
  expect(errors).toHaveLength(3);
});

test('a body is never changed by being checked', () => {
  const body = Object.freeze({ template_id: 'a', config_id: 'b' });

  const result = create.checkBody?.(body);

  expect(result).toEqual({ valid: true, value: body });
  expect(result?.valid === true && result.value).toBe(body);
});

test('a check that failed does not affect the next one', () => {
  create.checkBody?.({});

  expect(create.checkBody?.({ template_id: 'a', config_id: 'b' }).valid).toBe(true);
});

test('length is counted in code points', () => {
  expect(codePoints('a😀é')).toBe(3);
  expect(create.checkBody?.({ template_id: '😀'.repeat(128), config_id: 'a' }).valid).toBe(true);
  expect(broken(create.checkBody, { template_id: '😀'.repeat(129), config_id: 'a' })).toEqual([
    '/template_id maxLength',
  ]);
});

test.each(CONTRACTS)('$name: what is generated says what the contract says', async (contract) => {
  const endpoint = await generatedEndpoint(contract.name);

  const { name, family, method, path, role, limit, idempotent } = contract;
  expect(endpoint).toMatchObject({ name, family, method, path, role, limit, idempotent });
  expect(endpoint.checkBody === null).toBe(contract.body === null);
  const unknown = broken(endpoint.checkQuery, { nobody: 'knows' }).includes('/nobody additionalProperties');
  expect(unknown).toBe(contract.family !== 'fleet');
});

test('a query parameter that the fleet family does not know is not in what a handler gets', async () => {
  const endpoint = await generatedEndpoint('fleet-instances-list');

  const checked = endpoint.checkQuery({ project: 'proj_000000000000', _cache_bust: '1-2' });

  expect(checked).toMatchObject({ valid: true });
  expect(Object.keys(checked.valid ? (checked.value as object) : {}).sort()).toEqual(['limit', 'project']);
});
