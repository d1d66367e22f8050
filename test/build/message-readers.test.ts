import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { protosModule } from '#scripts/build/message-codecs.ts';

const SERVICE = 'google.datastore.v1.Datastore';
const METHODS = ['Lookup', 'RunQuery', 'RunAggregationQuery', 'Commit'];
/** The options with which gax makes grpc-js decode responses. */
const OPTIONS = { longs: String, enums: String, defaults: true, oneofs: true };

type Definition = Readonly<Record<string, { readonly responseDeserialize: (bytes: Buffer) => object }>>;

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const timestamp = fc.record({ seconds: int64, nanos: fc.nat(999_999_999) });
const key = fc.record({
  partitionId: fc.option(fc.record({ projectId: text }), { nil: undefined }),
  path: fc.array(fc.oneof(fc.record({ kind: text, name: text }), fc.record({ kind: text, id: int64 })), {
    maxLength: 3,
  }),
});

/** Values of every type, and lists and entities of them. */
const { value } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constant({}),
    fc.constant({ nullValue: 'NULL_VALUE' }),
    fc.record({ booleanValue: fc.boolean(), excludeFromIndexes: fc.boolean() }),
    fc.record({ integerValue: fc.oneof(int64, fc.integer().map(String)), meaning: fc.nat(99) }),
    fc.record({ doubleValue: fc.double({ noNaN: true }) }),
    fc.record({ timestampValue: timestamp }),
    fc.record({ keyValue: key }),
    fc.record({ stringValue: text }),
    fc.record({ blobValue: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)) }),
    fc.record({ geoPointValue: fc.record({ latitude: fc.double({ noNaN: true }), longitude: fc.constant(1) }) }),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 3 }) }) }),
    fc.record({ entityValue: fc.record({ key, properties: fc.dictionary(text, tie('value'), { maxKeys: 3 }) }) }),
  ),
}));

const result = fc.record({
  entity: fc.record({ key, properties: fc.dictionary(text, value, { maxKeys: 4 }) }),
  version: int64,
  createTime: timestamp,
});

const RESPONSES = {
  Lookup: fc.record({
    found: fc.array(result, { maxLength: 3 }),
    missing: fc.array(result, { maxLength: 1 }),
    deferred: fc.array(key, { maxLength: 1 }),
  }),
  RunQuery: fc.record({
    batch: fc.record({
      entityResultType: fc.constantFrom('FULL', 'KEY_ONLY', 99),
      entityResults: fc.array(result, { maxLength: 3 }),
      moreResults: fc.constantFrom('NOT_FINISHED', 'NO_MORE_RESULTS'),
      endCursor: fc.constantFrom(Buffer.from('end'), Buffer.alloc(0)),
      skippedResults: fc.nat(9),
    }),
  }),
  RunAggregationQuery: fc.record({
    batch: fc.record({
      aggregationResults: fc.array(fc.record({ aggregateProperties: fc.dictionary(text, value) }), { maxLength: 2 }),
    }),
  }),
  Commit: fc.record({
    mutationResults: fc.array(
      fc.record({
        version: int64,
        conflictDetected: fc.boolean(),
        transformResults: fc.array(value, { maxLength: 2 }),
      }),
      { maxLength: 3 },
    ),
    indexUpdates: fc.nat(),
    commitTime: timestamp,
  }),
};

describe('a response that the generated code reads', () => {
  let root: protobuf.Root;
  let methods: Definition;

  beforeAll(async () => {
    const path = fileURLToPath(
      new URL('../../node_modules/@google-cloud/datastore-api/build/protos/protos.json', import.meta.url),
    );
    const descriptor = JSON.parse(await readFile(path, 'utf8')) as protobuf.INamespace;
    root = protobuf.Root.fromJSON(descriptor);
    const source = protosModule(descriptor, { [SERVICE]: METHODS }, 'grpc');
    const exported: { packageDefinition?: Readonly<Record<string, Definition>> } = {};
    const run = compileFunction(source, ['require', 'exports']) as (require: NodeJS.Require, exports: object) => void;
    run(createRequire(import.meta.url), exported);
    methods = exported.packageDefinition?.[SERVICE] ?? {};
  });

  it.each(Object.entries(RESPONSES))('is what protobuf.js makes of the same bytes: %s', (method, responses) => {
    const type = root.lookupType(`google.datastore.v1.${method}Response`);

    fc.assert(
      fc.property(responses as fc.Arbitrary<object>, (response) => {
        const bytes = Buffer.from(type.encode(type.fromObject(response)).finish());

        expect(methods[method]?.responseDeserialize(bytes)).toEqual(type.toObject(type.decode(bytes), OPTIONS));
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('has none of the fields that this version of the API does not know', () => {
    const type = root.lookupType('google.datastore.v1.CommitResponse');
    const bytes = type
      .encode(type.fromObject({ indexUpdates: 3 }))
      .uint32((99 << 3) | 2)
      .string('new')
      .finish();

    expect(methods['Commit']?.responseDeserialize(Buffer.from(bytes))).toMatchObject({ indexUpdates: 3 });
  });
});
