import { describe, expect, it } from 'vitest';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import type { GatewayDocument } from '#scripts/generate/gateway-document.ts';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import { CONTRACTS, FALLBACKS, PAGES, WORKERS } from '#shared/contracts/index.ts';
import { isServed } from '#shared/datastore/indexes.ts';
import { EXPIRING_KINDS, KINDS } from '#shared/datastore/kinds.ts';
import { QUERY_SHAPES } from '#shared/datastore/queries.ts';
import { blocks, generated } from './terraform-sources.ts';

const manifest = generated('functions.json') as FunctionManifest;
const gateway = generated('openapi/gateway.json') as GatewayDocument;
const datastore = generated('datastore.json') as DatastoreLists;

const operations = Object.entries(gateway.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, backend: operation['x-google-backend'] })),
);

describe('every contract', () => {
  it.each(CONTRACTS.map((contract) => [contract.name, contract] as const))(
    '%s has a function, a route and a backend',
    (name, { method, path }) => {
      const entry = manifest.functions.find((candidate) => candidate.name === name);
      const route = operations.find((each) => each.path === path && each.method === method.toLowerCase());

      expect(entry).toMatchObject({ kind: 'http', entryPoint: name.replaceAll('-', '_'), method, path });
      expect(route?.backend.address).toBe(`\${${name.replaceAll('-', '_')}}`);
    },
  );

  it('is reached through the gateway alone: nobody else is bound as the invoker of API functions', () => {
    const invokers = blocks().filter(({ body }) => body.includes('"roles/run.invoker"'));

    expect(invokers.map(({ labels }) => labels.at(-1)).sort()).toEqual(['gateway', 'push', 'scheduler']);
    for (const { labels, body } of invokers) {
      const own = { gateway: 'local.api_functions', push: 'local.push_functions', scheduler: 'local.jobs' };
      const caller = labels.at(-1) as keyof typeof own;
      expect(body).toContain(`for_each = ${own[caller]}`);
      expect(body).toContain(`google_service_account.account["${caller}"].member`);
    }
  });

  it('has a kind that Terraform knows, and so an invoker', () => {
    const kinds = new Set(manifest.functions.map(({ kind }) => kind));

    expect([...kinds].sort()).toEqual(['http', 'push', 'schedule']);
    expect(manifest.functions).toHaveLength(CONTRACTS.length + FALLBACKS.length + PAGES.length + WORKERS.length);
  });
});

describe('the gateway', () => {
  it('appends the path, names its audience, and waits less long than the function runs', () => {
    const timeouts = new Map(
      manifest.functions.map(({ name, runtime }) => [`\${${name.replaceAll('-', '_')}}`, runtime.timeoutSeconds]),
    );

    for (const { path, method, backend } of operations) {
      const where = `${method} ${path}`;
      expect(backend.path_translation, where).toBe('APPEND_PATH_TO_ADDRESS');
      expect(backend.jwt_audience, where).toBe(backend.address);
      expect(backend.deadline, where).toBeLessThan(timeouts.get(backend.address) ?? 0);
    }
  });

  it('has no backend that is no function of the manifest', () => {
    const known = manifest.functions.filter(({ kind }) => kind === 'http').map(({ name }) => name.replaceAll('-', '_'));

    expect(new Set(operations.map(({ backend }) => backend.address))).toEqual(
      new Set(known.map((name) => `\${${name}}`)),
    );
  });
});

describe('the database', () => {
  it.each(
    QUERY_SHAPES.map(
      (shape) =>
        [
          `${shape.kind.name} by ${[...shape.equal, ...shape.order.map(({ property }) => property)].join(', ')}`,
          shape,
        ] as const,
    ),
  )('serves the query of %s from its indexes', (_, shape) => {
    expect(isServed(shape, datastore.indexes)).toBe(true);
  });

  it('has no index that no query needs', () => {
    for (const index of datastore.indexes) {
      const others = datastore.indexes.filter((other) => other !== index);
      expect(
        QUERY_SHAPES.every((shape) => isServed(shape, others)),
        index.kind,
      ).toBe(false);
    }
  });

  it('deletes rows of every expiring kind by themselves, and of no kind that does not exist', () => {
    const kinds = KINDS.map(({ name }) => name);

    expect(datastore.expiringKinds).toEqual(EXPIRING_KINDS);
    expect(datastore.expiringKinds.filter((name) => !kinds.includes(name))).toEqual([]);
  });
});

describe('every worker', () => {
  it.each(manifest.functions.filter(({ kind }) => kind === 'push').map((entry) => [entry.name, entry] as const))(
    '%s listens to a topic that exists, and is not called again while it may be at work',
    (_, { trigger, runtime }) => {
      const topics = manifest.topics.map(({ name }) => name);

      if (trigger?.type !== 'push') throw new Error('A push function without a push trigger.');
      expect(topics).toContain(trigger.topic);
      expect(trigger.ackDeadlineSeconds).toBeGreaterThanOrEqual(runtime.timeoutSeconds);
      if (trigger.deadLetterTopic !== null) expect(topics).toContain(trigger.deadLetterTopic);
    },
  );

  it('whose messages can be given up has a function that takes dead letters', () => {
    const triggers = manifest.functions.flatMap(({ trigger }) => (trigger?.type === 'push' ? [trigger] : []));
    const listened = triggers.map(({ topic }) => topic);

    for (const { deadLetterTopic } of triggers)
      if (deadLetterTopic !== null) expect(listened).toContain(deadLetterTopic);
  });
});

describe('what grows with the number of endpoints', () => {
  it('stays within what the platform takes: 10 MB of OpenAPI, 1,000 functions in a region', () => {
    expect(JSON.stringify(gateway).length).toBeLessThan(5_000_000);
    expect(manifest.functions.length).toBeLessThan(500);
  });

  it('has names by which API functions are told from others: the first part is a family’s, which no other function has', () => {
    const first = (kinds: readonly string[]) =>
      new Set(manifest.functions.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name.split('-', 1)[0]));
    const others = first(['push', 'schedule']);

    expect([...first(['http'])].filter((family) => others.has(family))).toEqual([]);
  });

  it('has names that fit with the longest environment: a Cloud Run service has at most 49 characters', () => {
    const environment = 15;
    const long = manifest.functions.filter(({ name }) => environment + 1 + name.length > 49);

    expect(long.map(({ name }) => name)).toEqual([]);
  });
});
