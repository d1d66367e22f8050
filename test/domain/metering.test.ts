import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meterChanges, type MovedPeriod, UNMETERED } from '#shared/domain/metering.ts';
import { allot, ON_DEMAND, type Orders, withEnd, withPlaces } from '#shared/domain/orders.ts';
import { priceChanges } from '#shared/domain/price.ts';
import { EVENT_STATUSES, type EventStatus } from '#shared/domain/status.ts';

const PRICES = { charge: () => 10, credit: () => 4 };

/** Returns the price periods of an instance whose status changes every ten milliseconds. */
function periods(reserved: boolean, ...statuses: readonly EventStatus[]): readonly string[] {
  const changes = statuses.map((status, i) => ({ status, atMs: 10 * (i + 1) }));
  return meterChanges(UNMETERED, changes, { reserved, prices: PRICES }).periods.map(text);
}

function text({ meter, sinceMs, endMs }: MovedPeriod): string {
  return `${meter} ${sinceMs}-${endMs ?? ''}`;
}

const LIFE = [
  'PROVISIONING',
  'STAGING',
  'RUNNING',
  'STOPPING',
  'TERMINATED',
  'PROVISIONING',
  'STAGING',
  'RUNNING',
] as const;

describe('price periods', () => {
  test('on demand: from when it runs until it has come to rest', () => {
    expect(periods(false, ...LIFE)).toEqual(['charge 30-50', 'charge 80-']);
  });

  test('reserved: through pauses, which give a credit', () => {
    expect(periods(true, ...LIFE)).toEqual(['charge 30-', 'credit 50-60']);
  });

  test('every period ends when the instance is gone', () => {
    expect(periods(true, 'RUNNING', 'STOPPING', 'TERMINATED', 'DELETING', 'DELETED')).toEqual([
      'charge 10-50',
      'credit 30-50',
    ]);
    expect(periods(false, 'RUNNING', 'DELETING', 'DELETED')).toEqual(['charge 10-30']);
    expect(periods(false, 'RUNNING', 'ERROR')).toEqual(['charge 10-20']);
  });

  test('what has no price has no period', () => {
    const { metering, periods: moved } = meterChanges(UNMETERED, [{ status: 'RUNNING', atMs: 1 }], {
      reserved: false,
      prices: { charge: () => undefined, credit: () => undefined },
    });

    expect([metering, moved]).toEqual([UNMETERED, []]);
  });

  test('one change at a time or all at once: the periods are the same, and at most one of a meter is open', () => {
    const life = fc.array(fc.constantFrom(...EVENT_STATUSES), { maxLength: 12 });
    fc.assert(
      fc.property(life, fc.boolean(), (statuses, reserved) => {
        const changes = statuses.map((status, i) => ({ status, atMs: i }));
        const whole = meterChanges(UNMETERED, changes, { reserved, prices: PRICES });

        let stepped = UNMETERED;
        const rows = new Map<number, MovedPeriod>();
        for (const change of changes) {
          const step = meterChanges(stepped, [change], { reserved, prices: PRICES });
          stepped = step.metering;
          for (const period of step.periods) rows.set(period.sequence, period);
        }
        expect(stepped).toEqual(whole.metering);
        expect([...rows.values()]).toEqual(whole.periods);
        const open = whole.periods.filter(({ endMs }) => endMs === null).map(({ meter }) => meter);
        expect(new Set(open).size).toBe(open.length);
      }),
    );
  });
});

describe('changes of a price', () => {
  const price = {
    machineType: 'n1-standard-2',
    steps: [
      { priceCents: 10, fromMs: 0 },
      { priceCents: 12, fromMs: 500 },
      { priceCents: 15, fromMs: 900 },
    ],
  };

  test('each known change ends a period at its own time, however late it is noticed', () => {
    expect(priceChanges(price, { priceCents: 10, sinceMs: 100 }, 1_000)).toEqual(price.steps.slice(1));
    expect(priceChanges(price, { priceCents: 10, sinceMs: 100 }, 600)).toEqual(price.steps.slice(1, 2));
    expect(priceChanges(price, { priceCents: 12, sinceMs: 500 }, 600)).toEqual([]);
  });

  test('a list that was rewritten counts from now on, and never backwards', () => {
    expect(priceChanges(price, { priceCents: 7, sinceMs: 600 }, 700)).toEqual([{ priceCents: 12, fromMs: 700 }]);
  });
});

describe('orders', () => {
  const order = { machineType: 'n1-standard-2', createdAtMs: 0, endedAtMs: null };
  const orders: Orders = {
    project: 'proj_a',
    customerId: 'acme',
    reservations: [{ ...order, id: 'res_a', places: 1, taken: 0, buybackCents: 0 }],
  };

  const asked = { zone: 'us-central1-a', nowMs: 0 };

  test('a free place comes first, then nothing: no instance joins a bid', () => {
    const full = withPlaces(orders, 'res_a', 1);

    expect(allot(orders, { ...asked, machineType: 'n1-standard-2' })).toEqual({ reservation: 'res_a', bid: null });
    expect(allot(full, { ...asked, machineType: 'n1-standard-2' })).toEqual(ON_DEMAND);
    expect(allot(withEnd(orders, 'res_a', 1), { ...asked, machineType: 'n1-standard-2' })).toEqual(ON_DEMAND);
    expect(allot(orders, { ...asked, machineType: 'e2-medium' })).toEqual(ON_DEMAND);
    expect(allot(undefined, { ...asked, machineType: 'n1-standard-2' })).toEqual(ON_DEMAND);
    expect(withPlaces(full, 'res_a', -1)).toEqual(orders);
  });

  test('places are given from the start to the end of a reservation, and in its zone only', () => {
    const terms = { name: 'r', userId: '', zone: 'us-central1-a', startMs: 10, endMs: 20, unitCents: 100 };
    const timed = { ...orders, reservations: orders.reservations.map((one) => ({ ...one, terms })) };
    const given = (nowMs: number, zone = 'us-central1-a') =>
      allot(timed, { machineType: 'n1-standard-2', zone, nowMs }).reservation;

    expect([9, 10, 19, 20].map((nowMs) => given(nowMs))).toEqual([null, 'res_a', 'res_a', null]);
    expect(given(10, 'us-central1-b')).toBeNull();
  });

  test('an order that is not there cannot end', () => {
    expect(() => withEnd(orders, 'res_b', 1)).toThrow('has no order');
  });
});
