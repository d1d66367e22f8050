import { expect, test } from 'vitest';
import { EVENT, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { eventId, nextEvent } from '#shared/domain/history.ts';
import { periodId } from '#shared/domain/metering.ts';
import type { EventStatus } from '#shared/domain/status.ts';
import { correctEnd } from '#shared/lifecycle/correct-end.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';

const SYSTEM = { type: 'system' as const, id: 'reconciler' };
const BEGAN_MS = 1_700_000_000_000;
const ENDED_MS = BEGAN_MS + 80_000;
const GONE_MS = ENDED_MS + 273_000;

/**
 * Removes an instance that had these changes of status, and returns the end of its only price period. Its record was
 * deleted at `ENDED_MS`.
 */
async function removed(changes: readonly { readonly status: EventStatus; readonly atMs: number }[]) {
  const { store } = await testDatastore();
  let instance = anInstance({ eventCount: 0 });
  for (const change of [...changes, { status: 'DELETED' as const, atMs: ENDED_MS }]) {
    const event = nextEvent(instance, { ...change, cause: 'operation', actor: SYSTEM, operationId: null });
    await store.write([put(EVENT, eventId(instance.id, event.sequence), event)]);
    instance = { ...instance, eventCount: event.sequence };
  }
  const { id, customerId, visibleBy, project, eventCount } = instance;
  const period = ref(PRICE_PERIOD, periodId(id, 1));
  await store.write([
    put(PRICE_PERIOD, period.id, {
      instanceId: id,
      sequence: 1,
      meter: 'charge',
      machineType: 'n1-standard-2',
      priceCents: 10,
      startMs: BEGAN_MS,
      endMs: ENDED_MS,
      customerId,
      visibleBy,
      project,
      bid: null,
      reservation: null,
    }),
  ]);
  await correctEnd(id, GONE_MS, { store });
  const [last, charged] = await store.getAll([ref(EVENT, eventId(id, eventCount)), period]);
  return { deletedAtMs: last?.value.atMs, chargedUntilMs: charged?.value.endMs };
}

const RAN = { status: 'RUNNING' as const, atMs: BEGAN_MS };
const DELETING = { status: 'DELETING' as const, atMs: ENDED_MS };

/*
 * A delete under a clock that was behind got the time of the stop before it, and the remaining time was charged. Found
 * by random history 1362.
 */
test('a VM that was stopped is not charged until it is gone, when its delete has the time of its stop', async () => {
  const stopped = { status: 'TERMINATED' as const, atMs: ENDED_MS };

  expect(await removed([RAN, stopped, DELETING])).toEqual({ deletedAtMs: GONE_MS, chargedUntilMs: ENDED_MS });
});

test('a VM that ran when its delete was asked for is charged until it is gone', async () => {
  expect(await removed([RAN, DELETING])).toEqual({ deletedAtMs: GONE_MS, chargedUntilMs: GONE_MS });
});
