import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { type Answer, sharedLocalCloud, type LocalCloudProcess } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';

const ALLOWED = 3;
const ASKED = 200;
const CONTENDED = 24;

/** The guarantee, tested with any number of processes. */
function createsAtOnce(cloud: () => LocalCloudProcess): void {
  test(`${ASKED} creates at once by a customer with ${ALLOWED} instances allowed make exactly ${ALLOWED}`, async () => {
    const alice = new ComputeUser(cloud(), 'alice');
    const records = new Records(cloud().connection);
    const { customerId } = cloud().connection.principals.alice;

    const answers = await Promise.all(Array.from({ length: ASKED }, (_, index) => decided(alice, `at-once-${index}`)));
    const used = await records.usageOf(customerId);
    const machines = await cloud().machines();

    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 403);
    expect([made.length, refused.length]).toEqual([ALLOWED, ASKED - ALLOWED]);
    for (const answer of refused) {
      expect(answer.body).toMatchObject({ reason: 'quota_exceeded', title: 'Quota Exceeded' });
      expect(answer.headers.get('x-error')).toMatch(/^Your quota allows 3 instances and 3 exist\./);
    }
    expect(machines).toHaveLength(ALLOWED);
    expect(used).toBe(ALLOWED);
    expect((await cloud().calls()).filter(({ method }) => method === 'instances.insert')).toHaveLength(ALLOWED);

    const deleted = await Promise.all(made.map(({ body }) => alice.delete((body as { readonly id: string }).id)));

    expect(deleted.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(await records.usageOf(customerId)).toBe(0);
    await settled(cloud());
    expect(await cloud().machines()).toEqual([]);
    await expectInvariants(cloud());
    await records.close();
  });
}

/**
 * Creates an instance, and repeats the request with its key while the reply says to retry later, after the time that it
 * names.
 */
async function decided(user: ComputeUser, key: string): Promise<Answer> {
  for (;;) {
    const answer = await user.create({ 'idempotency-key': key });
    if (answer.status === 201 || answer.status === 403) return answer;
    expect([409, 429, 503]).toContain(answer.status);
    const seconds = Number(answer.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    await sleep(seconds * 1000);
  }
}

describe('with one function process', () => {
  createsAtOnce(sharedLocalCloud({ args: QUICK_MACHINES }));
});

describe('with four function processes', () => {
  const cloud = sharedLocalCloud({ args: [...QUICK_MACHINES, '--function-processes', '4'] });
  createsAtOnce(cloud);

  test('creates and deletes in any order never go beyond the limit, and a freed place can be used at once', async () => {
    const alice = new ComputeUser(cloud(), 'alice');
    const bob = new ComputeUser(cloud(), 'bob');
    const records = new Records(cloud().connection);
    const { customerId } = cloud().connection.principals.alice;
    let most = 0;
    let keys = 0;
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        const [used, rows] = [await records.usageOf(customerId), await records.instances()];
        most = Math.max(most, used, rows.filter(({ value }) => value.customerId === customerId).length);
      }
    })();

    const oneUser = async (user: ComputeUser) => {
      for (let round = 0; round < 4; round += 1) {
        const answer = await decided(user, `round-${(keys += 1)}`);
        if (answer.status === 201) {
          const freed = await user.delete((answer.body as { readonly id: string }).id);
          expect(freed.status).toBe(204);
        } else {
          expect(answer).toMatchObject({ status: 403, body: { reason: 'quota_exceeded' } });
        }
      }
    };
    await Promise.all([alice, bob, alice, bob].map(oneUser));
    over.abort();
    await watching;

    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(ALLOWED);
    expect(await records.usageOf(customerId)).toBe(0);
    await settled(cloud());
    await expectInvariants(cloud());
    await records.close();
  });
});

describe('with two function processes, and a Datastore that takes five writes of an entity a second', () => {
  const cloud = sharedLocalCloud({
    args: [...QUICK_MACHINES, '--function-processes', '2', '--entity-writes-per-second', '5'],
  });

  test('creates at once make what the quota allows: the rest is told that it is used up, or to come again', async () => {
    const alice = new ComputeUser(cloud(), 'alice');
    const records = new Records(cloud().connection);
    const { customerId } = cloud().connection.principals.alice;

    const answers = await Promise.all(
      Array.from({ length: CONTENDED }, (_, index) => decided(alice, `contended-${index}`)),
    );

    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 403);
    expect([made.length, refused.length]).toEqual([ALLOWED, CONTENDED - ALLOWED]);
    expect(await cloud().machines()).toHaveLength(ALLOWED);
    expect(await records.usageOf(customerId)).toBe(ALLOWED);
    await settled(cloud());
    await expectInvariants(cloud());
    await records.close();
  });
});
