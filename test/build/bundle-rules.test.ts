import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BuildMeta } from '#scripts/build.ts';
import { budgetViolations, contentViolations, importViolations, type Budget } from './bundle-rules.ts';

/**
 * Budget in KiB, a little above the present sizes. A change that needs more raises the figure and explains it in the
 * commit, because these bytes cost cold start time.
 */
const BUDGET: Budget = {
  packages: {
    functions: 4,
    shared: 160,
    // Only in the documentation's function: the OpenAPI documents, and Scalar's standalone build.
    infra: 460,
    'reference-script': 2000,
    '@google-cloud/compute': 230,
    '@google-cloud/datastore-api': 80,
    '@google-cloud/pubsub-api': 18,
    '@grpc/grpc-js': 204,
    '@grpc/proto-loader': 1,
    '@js-sdsl/ordered-map': 9,
    '@opentelemetry/api': 18,
    '@pinojs/redact': 6,
    '@protobufjs/aspromise': 1,
    '@protobufjs/base64': 2,
    '@protobufjs/codegen': 2,
    '@protobufjs/eventemitter': 1,
    '@protobufjs/fetch': 2,
    '@protobufjs/float': 4,
    '@protobufjs/path': 1,
    '@protobufjs/pool': 1,
    '@protobufjs/utf8': 2,
    'agent-base': 5,
    'atomic-sleep': 1,
    'base64-js': 2,
    'bignumber.js': 20,
    'buffer-equal-constant-time': 1,
    'data-uri-to-buffer': 1,
    debug: 8,
    'ecdsa-sig-formatter': 3,
    extend: 2,
    'fetch-blob': 6,
    'formdata-polyfill': 3,
    gaxios: 20,
    'gcp-metadata': 8,
    'google-auth-library': 114,
    'google-gax': 130,
    'google-logging-utils': 7,
    'https-proxy-agent': 5,
    jose: 69,
    'json-bigint': 6,
    jwa: 4,
    jws: 6,
    long: 12,
    ms: 2,
    'node-domexception': 1,
    'node-fetch': 27,
    'object-hash': 8,
    'on-exit-leak-free': 2,
    pino: 26,
    'pino-std-serializers': 6,
    'proto3-json-serializer': 15,
    protobufjs: 78,
    'quick-format-unescaped': 2,
    'safe-buffer': 2,
    'safe-stable-stringify': 9,
    'sonic-boom': 10,
    'thread-stream': 11,
    'web-streams-polyfill': 73,
  },
  bundles: {
    none: { kib: 150, modules: 60 },
    datastore: { kib: 1090, modules: 502 },
    'datastore+pubsub': { kib: 1140, modules: 532 },
    'datastore+compute': { kib: 1340, modules: 538 },
    'datastore+pubsub+compute': { kib: 1390, modules: 559 },
  },
  functions: { 'docs-pages': { kib: 2500, modules: 80 } },
};

const FUNCTION = { source: 'functions/compute/x.ts', clients: ['datastore'], bytes: 2048, inputs: {} };

describe('every function of the project', () => {
  let meta: BuildMeta;
  beforeAll(async () => {
    // Uses the build that `npm test` starts with, because a second build of all functions would take as long again.
    const path = fileURLToPath(new URL('../../.build/meta.json', import.meta.url));
    meta = JSON.parse(await readFile(path, 'utf8')) as BuildMeta;
  });

  it('imports one way only: functions → families, actions, runtime → contracts, http, auth, adapters → domain', () => {
    expect(importViolations(meta)).toEqual([]);
  });

  it('holds no validator library, no schema library, and only the Google clients that its contract declares', () => {
    expect(contentViolations(meta)).toEqual([]);
  });

  it('stays within its budget of bytes', () => {
    expect(budgetViolations(meta, BUDGET)).toEqual([]);
  });
});

describe('the import rule', () => {
  it.each([
    ['shared/http/a.ts', 'shared/actions/b.ts', 'http lies below actions'],
    ['shared/domain/a.ts', 'node:fs', 'the domain imports nothing'],
    ['shared/domain/a.ts', 'shared/contracts/b.ts', 'domain lies below contracts'],
    ['shared/families/compute/a.ts', 'shared/families/fleet/b.ts', 'families do not know each other'],
    ['shared/runtime/a.ts', 'node_modules/google-gax/build/src/index.js', "only adapters know Google's clients"],
    ['functions/compute/a.ts', 'google-client:@google-cloud/compute', "only adapters know Google's clients"],
    ['functions/compute/a.ts', 'functions/compute/b.ts', 'functions do not know each other'],
    ['shared/misc/a.ts', 'shared/domain/b.ts', 'misc has no place in the layers'],
    ['functions/compute/a.ts', 'shared/misc/b.ts', 'misc has no place in the layers'],
  ])('refuses that %s imports %s', (from, to, reason) => {
    expect(importViolations({ imports: { [from]: [to] } })).toEqual([`${from} imports ${to}: ${reason}`]);
  });

  it.each([
    ['functions/compute/a.ts', 'shared/families/compute/b.ts'],
    ['functions/compute/a.ts', '.build/endpoints/b.ts'],
    ['functions/compute/a.ts', '@google-cloud/functions-framework'],
    ['shared/families/compute/a.ts', 'shared/families/compute/b.ts'],
    ['shared/families/compute/a.ts', 'shared/families/for-all.ts'],
    ['shared/domain/a.ts', 'node:crypto'],
    ['shared/gce/a.ts', 'google-client:@google-cloud/compute'],
    ['shared/datastore/a.ts', 'node_modules/@grpc/grpc-js/build/src/index.js'],
    ['shared/auth/a.ts', 'node_modules/jose/dist/webapi/index.js'],
  ])('allows that %s imports %s', (from, to) => {
    expect(importViolations({ imports: { [from]: [to] } })).toEqual([]);
  });
});

describe('the content rule', () => {
  it.each([
    ['node_modules/ajv/dist/ajv.js', 'x holds ajv: validators are compiled when contracts are generated'],
    ['node_modules/typebox/build/index.mjs', 'x holds typebox: schemas are for generating only'],
    [
      'node_modules/@google-cloud/compute/build/src/v1/instances_client.js',
      'x holds the compute client, which its contract does not declare',
    ],
    [
      'node_modules/@google-cloud/datastore/build/src/index.js',
      'x holds @google-cloud/datastore: the generated client of datastore-api is enough',
    ],
  ])('refuses %s', (path, sentence) => {
    expect(contentViolations({ functions: { x: { ...FUNCTION, inputs: { [path]: 1 } } } })).toEqual([sentence]);
  });
});

describe('the budget', () => {
  const budget = {
    packages: { shared: 1 },
    bundles: { none: { kib: 2, modules: 2 }, datastore: { kib: 1, modules: 1 } },
  };

  it('names what grew', () => {
    const inputs = { 'shared/a.ts': 600, 'shared/b.ts': 600 };

    expect(budgetViolations({ functions: { x: { ...FUNCTION, inputs } } }, budget)).toEqual([
      'x: shared grew to 2 KiB, budget 1',
    ]);
  });

  it('names what is new, at whatever depth it is installed', () => {
    const inputs = { 'node_modules/a/node_modules/@scope/b/index.js': 100 };

    expect(budgetViolations({ functions: { x: { ...FUNCTION, inputs } } }, budget)).toEqual([
      'x: @scope/b is new (1 KiB)',
    ]);
  });

  it('counts the modules of a bundle', () => {
    const inputs = { 'shared/a.ts': 1, 'shared/b.ts': 1, 'shared/c.ts': 1 };

    expect(budgetViolations({ functions: { x: { ...FUNCTION, inputs } } }, budget)).toEqual([
      'x: the bundle grew to 3 modules, budget 2',
    ]);
  });

  it('counts the whole bundle by the clients in it', () => {
    const inputs = { 'node_modules/@google-cloud/datastore-api/build/src/v1/datastore_client.js': 10 };
    const packages = { '@google-cloud/datastore-api': 1 };

    expect(budgetViolations({ functions: { x: { ...FUNCTION, inputs } } }, { ...budget, packages })).toEqual([
      'x: the bundle grew to 2 KiB, budget 1',
    ]);
  });
});
