import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { underscored } from '#scripts/generate/function-names.ts';
import { functionManifest } from '#scripts/generate/function-manifest.ts';
import { GATEWAY_METHODS, gatewayDocument } from '#scripts/generate/gateway-document.ts';
import { CONTRACTS, FALLBACKS, PAGES, TOPICS, WORKERS } from '#shared/contracts/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const routed = { contracts: CONTRACTS, fallbacks: FALLBACKS, pages: PAGES };
const manifest = functionManifest({ ...routed, workers: WORKERS, topics: TOPICS });
const gateway = gatewayDocument(routed, '1.0.0');
const operations = Object.entries(gateway.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Returns the address of the fallback whose family the path belongs to. */
function fallbackAddress(path: string): string {
  const isBelow = (prefix: string) => `${path}/`.startsWith(`${prefix}/`);
  const owner =
    FALLBACKS.find(({ prefixes }) => prefixes.some(isBelow)) ??
    PAGES.find(({ prefixes, paths }) => paths.includes(path) || prefixes.some(isBelow));
  return `\${${underscored(owner?.name ?? '')}}`;
}

describe.each(CONTRACTS)('$name', (contract) => {
  test('has a function, whose file exists', () => {
    const entry = manifest.functions.find(({ name }) => name === contract.name);

    expect(entry).toMatchObject({
      entryPoint: contract.name.replaceAll('-', '_'),
      method: contract.method,
      path: contract.path,
    });
    expect(existsSync(join(ROOT, entry?.source ?? '')), entry?.source).toBe(true);
  });

  test('has a route to its own backend; HEAD goes with GET', () => {
    const methods = contract.method === 'GET' ? (['get', 'head'] as const) : ([contract.method.toLowerCase()] as const);
    const addresses = operations
      .filter(({ path, method }) => path === contract.path && methods.some((expected) => expected === method))
      .map(({ operation }) => operation['x-google-backend'].address);

    expect(addresses).toEqual(methods.map(() => `\${${underscored(contract.name)}}`));
  });

  test('its identity can use its clients, and no more than it needs', () => {
    const entry = manifest.functions.find(({ name }) => name === contract.name);

    expect(entry?.identity).toBe(contract.clients.includes('compute') ? 'api-compute' : 'api');
  });
});

test('only what makes, removes or looks at a VM while its caller waits talks to Compute Engine, of all endpoints', () => {
  const those = CONTRACTS.filter(({ clients }) => clients.includes('compute')).map(({ name }) => name);

  const allowed =
    /^(admin|compute)-instances-(create|get|delete)$|^admin-instances-sync$|^resource-instances-(create|get)$|^fleet-(instances-status|volumes-(create|delete))$|-serial-output$/;
  expect(those.filter((name) => !allowed.test(name))).toEqual([]);
  expect(those).toContain('compute-instances-create');
});

test.each([...WORKERS, ...FALLBACKS, ...PAGES])('$name has a function, whose file exists', ({ name }) => {
  const entry = manifest.functions.find((candidate) => candidate.name === name);

  expect(existsSync(join(ROOT, entry?.source ?? '')), entry?.source).toBe(true);
});

test('every topic that a worker names exists, and a dead letter topic has a worker of its own', () => {
  const topics = manifest.topics.map(({ name }) => name);
  const triggers = WORKERS.flatMap(({ trigger }) => (trigger.type === 'push' ? [trigger] : []));

  for (const { topic, deadLetter } of triggers) {
    expect(topics).toContain(topic);
    if (deadLetter !== null) expect(triggers.map((trigger) => trigger.topic)).toContain(deadLetter.topic);
  }
});

test('Pub/Sub waits at least as long as a worker may run', () => {
  const late = manifest.functions.filter(
    ({ trigger, runtime }) => trigger?.type === 'push' && trigger.ackDeadlineSeconds < runtime.timeoutSeconds,
  );

  expect(late).toEqual([]);
});

describe('the gateway', () => {
  test('every path answers every method, and the methods without an endpoint go to the fallback', () => {
    for (const [path, methods] of Object.entries(gateway.paths)) {
      expect(Object.keys(methods), path).toEqual([...GATEWAY_METHODS]);
    }
    const put = operations.filter(({ method }) => method === 'put');
    expect(put.map(({ operation }) => operation['x-google-backend'].address)).toEqual(
      put.map(({ path }) => fallbackAddress(path)),
    );
  });

  test('everything below the family goes somewhere', () => {
    const prefixes = [...FALLBACKS, ...PAGES].flatMap((fallback) => fallback.prefixes);
    const below = prefixes.flatMap((prefix) => [prefix, `${prefix}/{unmatched=**}`]);
    for (const path of [...below, ...PAGES.flatMap(({ paths }) => paths)]) {
      const methods = operations.filter((operation) => operation.path === path);
      expect(methods).toHaveLength(GATEWAY_METHODS.length);
      for (const { operation } of methods) {
        expect(operation['x-google-backend'].address).toBe(fallbackAddress(path));
      }
    }
  });

  test('a wildcard is the last segment of its path, and every parameter is a whole segment and declared', () => {
    for (const { path, operation } of operations) {
      const segments = path.split('/').slice(1);
      const variables = segments.filter((segment) => segment.includes('{') || segment.includes('*'));
      for (const variable of variables) expect(variable).toMatch(/^\{[a-z_]+(=\*\*)?\}$/);
      for (const segment of segments.slice(0, -1)) expect(segment).not.toContain('*');
      const names = variables.map((variable) => variable.replace(/[{}]|=\*\*/g, ''));
      expect((operation.parameters ?? []).map(({ name }) => name)).toEqual(names);
    }
  });

  test('operation ids are unique and can be method names', () => {
    const ids = operations.map(({ operation }) => operation.operationId);

    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9_]*$/);
  });

  test('every backend keeps the path, names its audience, and is a function that exists', () => {
    const known = new Set(manifest.functions.map(({ name }) => `\${${underscored(name)}}`));
    for (const { operation } of operations) {
      const backend = operation['x-google-backend'];
      expect(Object.keys(backend).sort()).toEqual(['address', 'deadline', 'jwt_audience', 'path_translation']);
      expect(known).toContain(backend.address);
      expect(backend.jwt_audience).toBe(backend.address);
      expect(backend.path_translation).toBe('APPEND_PATH_TO_ADDRESS');
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
    }
  });

  test('deadlines end before the function does, and outlast the longest wait', () => {
    for (const { operation } of operations) {
      const { address, deadline } = operation['x-google-backend'];
      const entry = manifest.functions.find(({ name }) => `\${${underscored(name)}}` === address);
      expect(deadline).toBeLessThan(entry?.runtime.timeoutSeconds ?? 0);
    }
    const waiting = gateway.paths['/api/compute/v1/operations/{id}']?.get;
    expect(waiting?.['x-google-backend'].deadline).toBeGreaterThan(60);
  });

  test('it is OpenAPI 2.0 with template variables for addresses only', () => {
    expect(gateway.swagger).toBe('2.0');
    const text = JSON.stringify(gateway);
    const variables = text.match(/[$%]\{[^}]*\}/g) ?? [];
    expect(variables).toHaveLength(2 * operations.length);
    expect(gateway).not.toHaveProperty('security');
  });
});
