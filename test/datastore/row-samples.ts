import fc from 'fast-check';
import { API_KEY, CUSTOMER, ORDERS, PROJECT, SESSION, SUSPENSION, USER } from '#shared/datastore/account-rows.ts';
import { AUDIT_ENTRY } from '#shared/datastore/audit-rows.ts';
import { BID, RECENT_BID } from '#shared/datastore/bid-rows.ts';
import {
  DEAD_LETTER,
  DATABASE_MARKER,
  IDEMPOTENCY,
  JOB_STATE,
  ORPHAN,
  RATE_COUNTER,
  SEALING_KEY,
  SWEEP_BRAKE,
  USAGE,
} from '#shared/datastore/bookkeeping-rows.ts';
import {
  IMAGE,
  NETWORK,
  NETWORK_CONFIG,
  PRICE,
  SECURITY_GROUP,
  SERVER_TYPE,
  SPOT_PRICE,
  SSH_KEY,
  SUBNET,
  TEMPLATE,
  TIER,
  VOLUME_TYPE,
} from '#shared/datastore/catalog-rows.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import { EVENT, INSTANCE, OPERATION, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import { AUDIT_ACTIONS, AUDIT_ACTORS } from '#shared/domain/audit.ts';
import { EVENT_CAUSES } from '#shared/domain/history.ts';
import { ORPHAN_DISK, STOCKOUT, VOLUME, VOLUME_NAME, VOLUME_USAGE } from '#shared/datastore/volume-rows.ts';
import { SWEEP_ROUND, SWEEP_SLICE } from '#shared/datastore/sweep-rows.ts';
import { BID_EVENTS, BID_PHASES } from '#shared/domain/bid.ts';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { METERS } from '#shared/domain/metering.ts';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { VOLUME_STATES } from '#shared/domain/volume.ts';
import { EVENT_STATUSES, INSTANCE_STATUSES } from '#shared/domain/status.ts';
import { LIMITED_OPERATIONS, type LimitedOperation } from '#shared/domain/tier.ts';

/** Generates objects like those of JSON.parse. */
function record<T>(members: { readonly [M in keyof T]: fc.Arbitrary<T[M]> }): fc.Arbitrary<T> {
  return fc.record(members, { noNullPrototype: true });
}

/** Any text except unpaired surrogates, which UTF-8 cannot encode. */
const text = fc.string({ unit: 'grapheme' });
const texts = fc.array(text, { maxLength: 4 });
const ms = fc.nat(4_000_000_000_000);
const count = fc.maxSafeNat();
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const dictionary = fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true });
const actor = record({ type: fc.constantFrom('user', 'admin', 'system'), id: text });
const reason = maybe(record({ reason: text, message: text }));

const cloudCounts = record({
  machines: count,
  records: count,
  unrecorded: count,
  disks: count,
  volumes: count,
  unrecordedDisks: count,
});

const machineExtras = {
  accelerator: maybe(record({ type: text, count })),
  localSsds: count,
  discardLocalSsd: fc.boolean(),
};
const imageTraits = { loginUser: text, architecture: fc.constantFrom('X86_64', 'ARM64', ''), diskGbMin: count };

const machine = record({
  machineType: text,
  image: text,
  diskSizeGb: count,
  diskType: text,
  network: text,
  subnetwork: text,
  tags: texts,
  externalIp: fc.boolean(),
  labels: dictionary,
  metadata: dictionary,
  spot: fc.boolean(),
  ...machineExtras,
});

const openPeriod = maybe(record({ sequence: count, priceCents: count, sinceMs: ms }));

const perMinute = fc
  .tuple(...LIMITED_OPERATIONS.map(() => fc.integer({ min: -1, max: 1e9 })))
  .map(
    (limits) =>
      Object.fromEntries(LIMITED_OPERATIONS.map((name, i) => [name, limits[i]])) as Record<LimitedOperation, number>,
  );

/** Generators of arbitrary rows, for every kind. */
export interface RowSamples {
  readonly kind: Kind<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

function samples<T>(kind: Kind<T>, values: fc.Arbitrary<T>): RowSamples {
  return { kind, values };
}

const priceSteps = fc.array(record({ priceCents: count, fromMs: ms }), { maxLength: 3 });

const named = { id: text, customerId: text, name: text };

export const ROW_SAMPLES: readonly RowSamples[] = [
  samples(
    PROJECT_SSH_KEY,
    record({
      id: text,
      customerId: text,
      project: text,
      userId: text,
      name: text,
      publicKey: text,
      fingerprint: text,
      isDefault: fc.boolean(),
      required: fc.boolean(),
      labels: dictionary,
      createdAtMs: ms,
    }),
  ),
  samples(
    INSTANCE,
    record({
      id: text,
      userId: text,
      customerId: text,
      project: text,
      visibleBy: texts,
      displayName: text,
      zone: text,
      machine,
      login: record({ user: text, keyIds: texts }),
      templateId: text,
      configId: text,
      spec: maybe(dictionary),
      bid: maybe(text),
      reservation: maybe(text),
      status: fc.constantFrom(...INSTANCE_STATUSES),
      statusReason: reason,
      statusSinceMs: ms,
      preempted: fc.boolean(),
      statusSyncedAtMs: ms,
      externalIp: text,
      internalIp: text,
      cloudId: text,
      createdAtMs: ms,
      queue: fc.array(record({ id: text, kind: fc.constantFrom(...OPERATION_KINDS) }), { maxLength: 3 }),
      deletionProtection: fc.boolean(),
      lastOperation: maybe(
        record({
          id: text,
          kind: fc.constantFrom(...OPERATION_KINDS),
          state: fc.constantFrom('completed', 'failed'),
          completedAtMs: ms,
          error: reason,
        }),
      ),
      eventCount: count,
      lastEventAtMs: ms,
      checkAtMs: maybe(ms),
      metering: record({ count, charge: openPeriod, credit: openPeriod }),
    }),
  ),
  samples(
    OPERATION,
    record({
      id: text,
      kind: fc.constantFrom(...OPERATION_KINDS),
      instanceId: text,
      state: fc.constantFrom(...OPERATION_STATES),
      actor,
      customerId: text,
      visibleBy: texts,
      requestId: text,
      attempts: count,
      leaseUntilMs: ms,
      dueAtMs: ms,
      leaseToken: text,
      call: maybe(
        record({
          verb: fc.constantFrom('insert', 'start', 'stop', 'reset', 'resume', 'delete'),
          requestId: text,
          askedAtMs: ms,
          zoneOperation: maybe(text),
          done: fc.boolean(),
          mayBeApplied: fc.boolean(),
        }),
      ),
      edit: maybe(record({ machineType: text, deletionProtection: fc.boolean() })),
      callCount: count,
      error: reason,
      seenStatus: maybe(fc.constantFrom(...INSTANCE_STATUSES)),
      createdAtMs: ms,
      startedAtMs: maybe(ms),
      completedAtMs: maybe(ms),
    }),
  ),
  samples(
    EVENT,
    record({
      instanceId: text,
      sequence: count,
      status: fc.constantFrom(...EVENT_STATUSES),
      atMs: ms,
      cause: fc.constantFrom(...EVENT_CAUSES),
      actor,
      operationId: maybe(text),
      reason: maybe(text),
      note: fc.boolean(),
      action: maybe(text),
      userId: text,
      customerId: text,
      visibleBy: texts,
      project: text,
      bid: maybe(text),
      reservation: maybe(text),
    }),
  ),
  samples(
    PRICE_PERIOD,
    record({
      instanceId: text,
      sequence: count,
      meter: fc.constantFrom(...METERS),
      machineType: text,
      priceCents: count,
      startMs: ms,
      endMs: maybe(ms),
      customerId: text,
      visibleBy: texts,
      project: text,
      bid: maybe(text),
      reservation: maybe(text),
    }),
  ),
  samples(
    BID,
    record({
      id: text,
      name: text,
      project: text,
      userId: text,
      customerId: text,
      visibleBy: texts,
      tier: text,
      zone: text,
      instanceType: text,
      quantity: count,
      limitCents: count,
      launch: record({
        volumes: texts,
        sshKeys: texts,
        startupScript: maybe(text),
        imageVersion: maybe(text),
        memoryGb: maybe(count),
      }),
      machine,
      login: record({ user: text, keyIds: texts }),
      idPrefix: text,
      phase: fc.constantFrom(...BID_PHASES),
      instances: texts,
      launched: fc.boolean(),
      lost: texts,
      reason,
      attempts: count,
      refusals: count,
      createdAtMs: ms,
      deactivatedAtMs: maybe(ms),
      checkAtMs: maybe(ms),
      events: fc.array(
        record({
          atMs: ms,
          type: fc.constantFrom(...BID_EVENTS),
          actor,
          limitCents: maybe(count),
          volumes: texts,
        }),
        { maxLength: 3 },
      ),
    }),
  ),
  samples(RECENT_BID, record({ bidId: text, expireAtMs: ms })),
  samples(
    ORDERS,
    record({
      project: text,
      customerId: text,
      bids: fc.array(fc.constant({ id: 'bid_a' })),
      reservations: fc.array(
        record({
          id: text,
          machineType: text,
          places: count,
          taken: count,
          buybackCents: count,
          createdAtMs: ms,
          endedAtMs: maybe(ms),
        }),
        { maxLength: 2 },
      ),
    }),
  ),
  samples(USAGE, record({ instances: count })),
  samples(RATE_COUNTER, record({ count, ahead: count })),
  samples(
    IDEMPOTENCY,
    record({
      bodyHash: text,
      operationId: text,
      instanceId: text,
      customerId: text,
      visibleBy: maybe(texts),
      status: count,
      headers: dictionary,
      body: text,
      leaseUntilMs: ms,
      expireAtMs: ms,
    }),
  ),
  samples(
    ORPHAN,
    record({
      name: text,
      zone: text,
      why: fc.constantFrom('deleted', 'given_up', 'unrecorded'),
      foundAtMs: ms,
      deleteAtMs: ms,
      absentFromMs: ms,
      dueAtMs: ms,
      stoppedAtMs: maybe(ms),
      attempts: count,
      operationId: text,
      customerId: text,
    }),
  ),
  samples(
    SWEEP_BRAKE,
    record({
      machines: count,
      records: count,
      unrecorded: count,
      engagedAtMs: ms,
      releasedAtMs: maybe(ms),
      releasedBy: text,
      database: text,
      epochMs: ms,
    }),
  ),
  samples(SUSPENSION, record({ reason: text, sinceMs: ms, by: text })),
  samples(
    AUDIT_ENTRY,
    record({
      id: text,
      atMs: ms,
      actorType: fc.constantFrom(...AUDIT_ACTORS),
      actorId: text,
      action: fc.constantFrom(...AUDIT_ACTIONS),
      object: text,
      reason: text,
      before: maybe(dictionary),
      after: maybe(dictionary),
      requestId: text,
    }),
  ),
  samples(DATABASE_MARKER, record({ database: text, epochMs: ms, madeAtMs: ms })),
  samples(
    DEAD_LETTER,
    record({
      operationId: text,
      instanceId: text,
      messageId: text,
      data: text,
      attributes: dictionary,
      recordedAtMs: ms,
    }),
  ),
  samples(JOB_STATE, record({ cursor: text, ranAtMs: ms })),
  samples(
    SWEEP_ROUND,
    record({
      epoch: count,
      startedAtMs: ms,
      endedAtMs: maybe(ms),
      slices: count,
      isComplete: fc.boolean(),
      byZones: fc.boolean(),
      machines: count,
      zones: fc.dictionary(text, record({ things: count }), { maxKeys: 3, noNullPrototype: true }),
      leaseUntilMs: count,
      leaseToken: text,
    }),
  ),
  samples(
    SWEEP_SLICE,
    record({
      epoch: count,
      zones: texts,
      state: fc.constantFrom('open', 'done', 'failed'),
      position: record({ zone: count, part: fc.constantFrom('machines', 'disks'), pageToken: text, after: text }),
      counts: fc.dictionary(text, cloudCounts, { maxKeys: 3, noNullPrototype: true }),
      unrecorded: fc.array(record({ name: text, zone: text }), { maxLength: 3 }),
      unrecordedDisks: fc.array(record({ name: text, zone: text }), { maxLength: 3 }),
      failures: count,
      claims: count,
      leaseUntilMs: count,
      leaseToken: text,
    }),
  ),
  samples(SEALING_KEY, record({ key: text })),
  samples(CUSTOMER, record({ id: text, name: text, tier: text })),
  samples(USER, record({ ...named, projects: texts, groups: texts, roles: texts, createdAtMs: ms })),
  samples(PROJECT, record({ ...named, createdAtMs: ms })),
  samples(
    API_KEY,
    record({
      ...named,
      userId: text,
      secretHash: text,
      createdAtMs: ms,
      expiresAtMs: maybe(ms),
      revokedAtMs: maybe(ms),
      lastUsedAtMs: maybe(ms),
    }),
  ),
  samples(
    SESSION,
    record({ userId: text, customerId: text, createdAtMs: ms, expiresAtMs: ms, revokedAtMs: maybe(ms) }),
  ),
  samples(TIER, record({ name: text, maxInstances: fc.integer(), maxVolumeGb: fc.integer(), perMinute })),
  samples(
    TEMPLATE,
    record({
      id: text,
      name: text,
      description: text,
      machineType: text,
      diskSizeGb: count,
      diskType: text,
      image: text,
      region: text,
      ...machineExtras,
      ...imageTraits,
    }),
  ),
  samples(
    NETWORK_CONFIG,
    record({
      id: text,
      name: text,
      description: text,
      zone: text,
      network: text,
      subnetwork: text,
      tags: texts,
      externalIp: fc.boolean(),
    }),
  ),
  samples(
    SERVER_TYPE,
    record({
      id: text,
      customerId: text,
      machineType: text,
      series: text,
      vcpus: count,
      memoryMb: count,
      diskSizeGb: count,
      diskType: text,
      ...machineExtras,
    }),
  ),
  samples(IMAGE, record({ ...named, image: text, ...imageTraits })),
  samples(NETWORK, record({ ...named, network: text })),
  samples(SUBNET, record({ ...named, vpcId: text, subnetwork: text, region: text, zone: text })),
  samples(SECURITY_GROUP, record({ ...named, tags: texts })),
  samples(SSH_KEY, record({ ...named, user: text, publicKey: text })),
  samples(PRICE, record({ machineType: text, steps: priceSteps })),
  samples(
    SPOT_PRICE,
    record({
      machineType: text,
      steps: priceSteps,
      zones: fc.dictionary(text, priceSteps, { maxKeys: 2, noNullPrototype: true }),
    }),
  ),
  samples(VOLUME_TYPE, record({ id: text, diskType: text, minGb: count, maxGb: count, centsPerGbMonth: count })),
  samples(
    VOLUME,
    record({
      id: text,
      userId: text,
      customerId: text,
      project: text,
      name: text,
      zone: text,
      sizeGb: count,
      diskType: text,
      state: fc.constantFrom(...VOLUME_STATES),
      createdAtMs: ms,
      deletedAtMs: maybe(ms),
      use: maybe(record({ bid: text, instanceId: maybe(text), deviceName: text })),
      attachedTo: text,
      attempts: count,
      callNumber: count,
      checkAtMs: maybe(ms),
    }),
  ),
  samples(VOLUME_NAME, record({ volumeId: text })),
  samples(VOLUME_USAGE, record({ gb: count })),
  samples(
    ORPHAN_DISK,
    record({ name: text, zone: text, foundAtMs: ms, freeSinceMs: maybe(ms), dueAtMs: ms, attempts: count }),
  ),
  samples(STOCKOUT, record({ zone: text, machineType: text, atMs: ms })),
];
