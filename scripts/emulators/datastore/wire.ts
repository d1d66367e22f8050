import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import protobuf from 'protobufjs';

/**
 * The messages of google.datastore.v1 as protobufjs decodes them: enums are numbers, 64-bit integers are Long, a oneof
 * is a property that names the member that is set, and a missing field has its default.
 */

/** A 64-bit integer in two halves; protobufjs accepts any object of this form. */
export interface Long {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}
export type Int64 = Long | number;

export interface WireTimestamp {
  readonly seconds: Int64;
  readonly nanos: number;
}

export interface WirePartition {
  readonly projectId: string;
  readonly databaseId: string;
  readonly namespaceId: string;
}

export interface WirePathElement {
  readonly kind: string;
  readonly idType?: 'id' | 'name';
  readonly id?: Int64;
  readonly name?: string;
}

export interface WireKey {
  readonly partitionId?: WirePartition | null;
  readonly path: readonly WirePathElement[];
}

interface ValueFlags {
  readonly meaning?: number;
  readonly excludeFromIndexes?: boolean;
}

export type WireValue = ValueFlags &
  (
    | { readonly valueType: 'nullValue'; readonly nullValue: 0 }
    | { readonly valueType: 'booleanValue'; readonly booleanValue: boolean }
    | { readonly valueType: 'integerValue'; readonly integerValue: Int64 }
    | { readonly valueType: 'doubleValue'; readonly doubleValue: number }
    | { readonly valueType: 'timestampValue'; readonly timestampValue: WireTimestamp }
    | { readonly valueType: 'keyValue'; readonly keyValue: WireKey }
    | { readonly valueType: 'stringValue'; readonly stringValue: string }
    | { readonly valueType: 'blobValue'; readonly blobValue: Uint8Array }
    | {
        readonly valueType: 'geoPointValue';
        readonly geoPointValue: { readonly latitude: number; readonly longitude: number };
      }
    | { readonly valueType: 'entityValue'; readonly entityValue: WireEntity }
    | { readonly valueType: 'arrayValue'; readonly arrayValue: { readonly values: readonly WireValue[] } }
    | { readonly valueType?: undefined }
  );

export type WireProperties = Readonly<Record<string, WireValue>>;

export interface WireEntity {
  readonly key?: WireKey | null;
  readonly properties: WireProperties;
}

export interface WireTransactionOptions {
  readonly mode?: 'readWrite' | 'readOnly';
  readonly readOnly?: { readonly readTime?: WireTimestamp | null } | null;
}

export interface WireReadOptions {
  readonly consistencyType?: 'readConsistency' | 'transaction' | 'newTransaction' | 'readTime';
  readonly transaction: Uint8Array;
  readonly newTransaction?: WireTransactionOptions | null;
}

export interface WirePropertyMask {
  readonly paths: readonly string[];
}

/** The project and database that every request names. */
export interface WireScope {
  readonly projectId: string;
  readonly databaseId: string;
}

export interface LookupRequest extends WireScope {
  readonly readOptions?: WireReadOptions | null;
  readonly keys: readonly WireKey[];
  readonly propertyMask?: WirePropertyMask | null;
}

export interface WireFilter {
  readonly filterType?: 'compositeFilter' | 'propertyFilter';
  readonly compositeFilter?: { readonly op: number; readonly filters: readonly WireFilter[] } | null;
  readonly propertyFilter?: {
    readonly property?: { readonly name: string } | null;
    readonly op: number;
    readonly value?: WireValue | null;
  } | null;
}

export interface WireQuery {
  readonly projection: readonly { readonly property?: { readonly name: string } | null }[];
  readonly kind: readonly { readonly name: string }[];
  readonly filter?: WireFilter | null;
  readonly order: readonly { readonly property?: { readonly name: string } | null; readonly direction: number }[];
  readonly distinctOn: readonly { readonly name: string }[];
  readonly startCursor: Uint8Array;
  readonly endCursor: Uint8Array;
  readonly offset: number;
  readonly limit?: { readonly value: number } | null;
  readonly findNearest?: unknown;
}

export interface RunQueryRequest extends WireScope {
  readonly partitionId?: WirePartition | null;
  readonly readOptions?: WireReadOptions | null;
  readonly queryType?: 'query' | 'gqlQuery';
  readonly query?: WireQuery | null;
  readonly propertyMask?: WirePropertyMask | null;
}

export interface WireAggregation {
  readonly operator?: 'count' | 'sum' | 'avg';
  readonly count?: { readonly upTo?: { readonly value: Int64 } | null } | null;
  readonly sum?: { readonly property?: { readonly name: string } | null } | null;
  readonly avg?: { readonly property?: { readonly name: string } | null } | null;
  readonly alias: string;
}

export interface RunAggregationQueryRequest extends WireScope {
  readonly partitionId?: WirePartition | null;
  readonly readOptions?: WireReadOptions | null;
  readonly queryType?: 'aggregationQuery' | 'gqlQuery';
  readonly aggregationQuery?: {
    readonly nestedQuery?: WireQuery | null;
    readonly aggregations: readonly WireAggregation[];
  } | null;
}

export interface BeginTransactionRequest extends WireScope {
  readonly transactionOptions?: WireTransactionOptions | null;
}

export interface RollbackRequest extends WireScope {
  readonly transaction: Uint8Array;
}

export interface WireTransform {
  readonly property: string;
  readonly transformType?:
    'setToServerValue' | 'increment' | 'maximum' | 'minimum' | 'appendMissingElements' | 'removeAllFromArray';
  readonly increment?: WireValue | null;
  readonly maximum?: WireValue | null;
  readonly minimum?: WireValue | null;
  readonly appendMissingElements?: { readonly values: readonly WireValue[] } | null;
  readonly removeAllFromArray?: { readonly values: readonly WireValue[] } | null;
}

export interface WireMutation {
  readonly operation?: 'insert' | 'update' | 'upsert' | 'delete';
  readonly insert?: WireEntity | null;
  readonly update?: WireEntity | null;
  readonly upsert?: WireEntity | null;
  readonly delete?: WireKey | null;
  readonly conflictDetectionStrategy?: 'baseVersion' | 'updateTime';
  readonly baseVersion: Int64;
  readonly updateTime?: WireTimestamp | null;
  readonly conflictResolutionStrategy: number;
  readonly propertyMask?: WirePropertyMask | null;
  readonly propertyTransforms: readonly WireTransform[];
}

export interface CommitRequest extends WireScope {
  readonly mode: number;
  readonly transactionSelector?: 'transaction' | 'singleUseTransaction';
  readonly transaction: Uint8Array;
  readonly singleUseTransaction?: WireTransactionOptions | null;
  readonly mutations: readonly WireMutation[];
}

export interface KeysRequest extends WireScope {
  readonly keys: readonly WireKey[];
}

/** `entity` is the serialized Entity, so that stored bytes are sent without being decoded. */
export interface EntityResult {
  readonly entity: Uint8Array;
  readonly version?: number;
  readonly createTime?: WireTimestamp;
  readonly updateTime?: WireTimestamp;
  readonly cursor?: Uint8Array;
}

export interface MutationResult {
  readonly key?: WireKey;
  readonly version: number;
  readonly createTime?: WireTimestamp;
  readonly updateTime?: WireTimestamp;
  readonly conflictDetected?: boolean;
  readonly transformResults?: readonly WireValue[];
}

const PACKAGE = 'google.datastore.v1';

function loadRoot(): protobuf.Root {
  const path = createRequire(import.meta.url).resolve('@google-cloud/datastore-api/build/protos/protos.json');
  const descriptors = protobuf.Root.fromJSON(JSON.parse(readFileSync(path, 'utf8')) as protobuf.INamespace);
  const result = descriptors.lookupType(`${PACKAGE}.EntityResult`);
  // On the wire a message and bytes look the same, so a stored entity can be sent as bytes.
  result.remove(result.get('entity') ?? result);
  result.add(new protobuf.Field('entity', 1, 'bytes'));
  return descriptors;
}

/**
 * Sending a result's entity as bytes needs a changed descriptor, so the descriptors are loaded here instead of shared.
 */
const root = loadRoot();

export function messageType(name: string): protobuf.Type {
  return root.lookupType(`${PACKAGE}.${name}`);
}

const entityType = messageType('Entity');

export function encodeEntity(entity: WireEntity): Buffer {
  return Buffer.from(entityType.encode(entity).finish());
}

export function decodeEntity(data: Uint8Array): WireEntity {
  // The cast is safe: the bytes were written here, or were checked as an Entity on receipt.
  return entityType.decode(data) as unknown as WireEntity;
}

/** Converts an entity from the form that Google's clients use: `{ stringValue: 'x' }`, keys with partitions. */
export function entityFromObject(object: Readonly<Record<string, unknown>>): WireEntity {
  return entityType.fromObject(object) as unknown as WireEntity;
}

export function toBigInt(value: Int64): bigint {
  if (typeof value === 'number') return BigInt(value);
  return (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}

export function toLong(value: bigint): Long {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: false };
}

export function timestampOf(micros: number): WireTimestamp {
  const seconds = Math.floor(micros / 1_000_000);
  return { seconds, nanos: (micros - seconds * 1_000_000) * 1000 };
}

export function microsOf(timestamp: WireTimestamp): bigint {
  return toBigInt(timestamp.seconds) * 1_000_000n + BigInt(Math.floor(timestamp.nanos / 1000));
}
