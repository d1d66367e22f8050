import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONTRACTS, FALLBACKS, PAGES, WORKERS } from '#shared/contracts/index.ts';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import { bearer, sendRaw } from './every-endpoint.ts';

const cloud = workerLocalCloud();
const ROOT = join(import.meta.dirname, '../..');

function readDocument(name: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, 'infra/generated', name), 'utf8'));
}

test('what is deployed is what is written down: no function without a contract, none of them twice', () => {
  const { functions } = readDocument('functions.json') as { readonly functions: readonly { readonly name: string }[] };

  const names = functions.map(({ name }) => name);
  expect(names).toEqual([...CONTRACTS, ...FALLBACKS, ...PAGES, ...WORKERS].map(({ name }) => name).sort());
  expect(new Set(names).size).toBe(names.length);
});

test('the gateway lets through the paths of endpoints, and below their prefixes what answers 404', () => {
  const { paths } = readDocument('openapi/gateway.json') as { readonly paths: Readonly<Record<string, object>> };
  const known = new Set([...CONTRACTS.map(({ path }) => path), ...PAGES.flatMap(({ paths }) => paths)]);
  const prefixes = [...FALLBACKS, ...PAGES].flatMap((fallback) => fallback.prefixes);

  for (const path of Object.keys(paths)) {
    const isFallback = prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
    expect(known.has(path) || isFallback, path).toBe(true);
  }
});

test('every endpoint is in the public document, so nobody is surprised by one', () => {
  const paths = Object.assign(
    {},
    ...['compute', 'admin', 'resource', 'fleet'].map(
      (name) => (readDocument(`openapi/${name}.json`) as { readonly paths: object }).paths,
    ),
  ) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  for (const { path, method } of CONTRACTS)
    expect(paths[path]?.[method.toLowerCase()], `${method} ${path}`).toBeDefined();
});

test.each([
  ...WORKERS.map(({ name }) => `/${name}`),
  ...CONTRACTS.slice(0, 3).map(({ name }) => `/${name}`),
  '/api',
  '/api/compute',
  '/api/compute/v0/instances',
  '/api/compute/v2/instances',
  '/api/compute/v1',
  '/api/compute/v1/debug',
  '/api/compute/v1/metrics',
  '/api/compute/v1/openapi.json',
  '/api/compute/v1/instances/tw-000000-00000000/console',
  '/_ah/health',
  '/metrics',
  '/.env',
  '/robots.txt',
  '/favicon.ico',
])('there is nothing at %s', async (target) => {
  for (const method of ['GET', 'POST']) {
    const answer = await sendRaw(cloud(), { method, target, headers: bearer(cloud(), 'admin') });
    expect(answer.status).toBe(404);
  }
});
