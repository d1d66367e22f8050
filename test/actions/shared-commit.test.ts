import { describe, expect, onTestFinished, test } from 'vitest';
import type { CreateRequest } from '#shared/actions/accept-create.ts';
import { createInstance } from '#shared/actions/create-instance.ts';
import { deleteInstance } from '#shared/actions/delete-instance.ts';
import { IDEMPOTENCY, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { ALL_INSTANCES } from '#shared/datastore/queries.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import { createPlatform, DONE } from '#test/support/create-platform.ts';
import { TEST_PROJECT } from '#test/support/datastore.ts';

/*
 * Creates and deletes of one customer that meet share their commits. What befalls such a commit befalls all of its requests,
 * and for each of them must be as if it had been alone.
 */

const CALLERS = 6;
const ALLOWED = 4;

/** Ways in which a commit fails. `late`: told that there was no answer, and applied after that. */
const FAULTS = [
  ['its answer is lost', { kind: 'lostAnswer' }],
  ['it is applied after its answer was lost', { kind: 'late', delayMs: 3 }],
  ['it is not applied', { kind: 'error', status: 14 }],
  ['it is ABORTED, three times', { kind: 'contention', count: 3 }],
] as const;

async function platform() {
  const world = await createPlatform();
  const { store, faults, address, tools, inserted } = world;
  const deleted: string[] = [];
  const compute = Object.assign({}, tools.compute, {
    insert: tools.compute.insert.bind(tools.compute),
    request: async (_verb: string, { name }: { readonly name: string }) => {
      deleted.push(name);
      return DONE;
    },
  });
  const request = (n: number): CreateRequest => ({
    ...world.request,
    tier: { ...world.request.tier, maxInstances: ALLOWED },
    requestId: `request-${n}`,
    idempotencyKey: { id: `acme|create|key-${n}`, bodyHash: `hash-${n}` },
    answer: ({ id }) => ({ status: 201, body: { id } }),
  });
  const ready = { ...tools, compute } as unknown as typeof tools;
  /** Another process on the same rows. */
  const process2 = () => {
    const options = { project: TEST_PROJECT, database: '', emulatorHost: address };
    const other = new Store({ ...options, random: () => 0, sleep: async () => undefined });
    onTestFinished(() => other.close());
    return { ...ready, store: other };
  };
  const counted = async () => ({
    used: (await store.get(ref(USAGE, 'acme')))?.value.instances ?? 0,
    recorded: await store.count(ALL_INSTANCES, {}),
    inserted: new Set(inserted).size,
  });
  const inject = (fault: (typeof FAULTS)[number][1], after = 0) => {
    const commit = { service: 'datastore', method: 'commit', count: 1 } as const;
    if (after > 0) faults.add([{ ...commit, kind: 'delay', delayMs: 0, count: after }]);
    faults.add([{ ...commit, ...fault }]);
  };
  return { ...world, tools: ready, request, process2, counted, inject, deleted };
}

const all = Array.from({ length: CALLERS }, (_, n) => n);

function idOf({ body }: { readonly body?: unknown }): string {
  return (body as { readonly id: string }).id;
}

describe('creates that share a commit, when', () => {
  test.each(FAULTS)(
    '%s: exactly the places that there are, and each key has the answer of its caller',
    async (_, fault) => {
      const { tools, request, counted, inject, store } = await platform();
      inject(fault);

      const answers = await Promise.allSettled(all.map((n) => createInstance(request(n), tools)));

      const made = answers.flatMap((answer, n) => (answer.status === 'fulfilled' ? [{ n, reply: answer.value }] : []));
      for (const answer of answers)
        if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ kind: 'quota_exceeded' });
      expect(await counted()).toEqual({ used: ALLOWED, recorded: ALLOWED, inserted: ALLOWED });
      expect(new Set(made.map(({ reply }) => idOf(reply))).size).toBe(ALLOWED);
      for (const { n, reply } of made) {
        const again = await createInstance({ ...request(n), requestId: 'again' }, tools);
        expect(again).toMatchObject({ headers: { 'idempotency-replayed': 'true' }, body: { id: idOf(reply) } });
      }
      const refusedKeys = all
        .filter((n) => !made.some((one) => one.n === n))
        .map((n) => request(n).idempotencyKey?.id ?? '');
      const records = await store.getAll(refusedKeys.map((id) => ref(IDEMPOTENCY, id)));
      expect(records.every((record) => record === undefined)).toBe(true);
    },
  );

  test('the process dies after it was applied: each repeat gets its own first answer, and no VM is made twice', async () => {
    const { tools, request, process2, counted, published, pass, faults, store } = await platform();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'delay', count: 1, delayMs: 3_600_000 }]);
    // Nothing is heard of them any more.
    for (const n of all.slice(0, ALLOWED)) createInstance(request(n), tools).catch(() => undefined);
    while ((await store.count(ALL_INSTANCES, {})) < ALLOWED);

    pass(LEASE_MS);
    const other = process2();
    const answers = await Promise.all(
      all.slice(0, ALLOWED).map((n) => createInstance({ ...request(n), requestId: `again-${n}` }, other)),
    );

    for (const answer of answers) expect(answer.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    expect(new Set(answers.map(idOf)).size).toBe(ALLOWED);
    // The worker goes on with each operation: their inserts have one name each, in both processes.
    expect(new Set(published).size).toBe(ALLOWED);
    expect(await counted()).toEqual({ used: ALLOWED, recorded: ALLOWED, inserted: 0 });
  });

  test('the process dies before it was applied: nothing is on record, and each repeat is a first request', async () => {
    const { tools, request, process2, counted, faults } = await platform();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'late', count: 1, delayMs: 3_600_000 }]);
    const dead = {
      ...tools,
      store: tools.store.behind({ opened: () => new Promise(() => undefined), requireNotRefused: () => undefined }),
    };
    for (const n of all) createInstance(request(n), dead).catch(() => undefined);

    faults.clear();
    const answers = await Promise.all(all.slice(0, ALLOWED).map((n) => createInstance(request(n), process2())));

    expect(answers.map(({ status }) => status)).toEqual(Array(ALLOWED).fill(201));
    expect(await counted()).toEqual({ used: ALLOWED, recorded: ALLOWED, inserted: ALLOWED });
  });

  test('two of them have one Idempotency-Key: one is made, and the other gets its answer', async () => {
    const { tools, request, counted } = await platform();
    const twice = [1, 2, 3].map((n) => createInstance({ ...request(0), requestId: `request-${n}` }, tools));
    const others = [4, 5].map((n) => createInstance(request(n), tools));

    const replies = await Promise.all(twice);
    await Promise.all(others);

    expect(new Set(replies.map(idOf)).size).toBe(1);
    expect(replies.filter(({ headers }) => headers?.['idempotency-replayed'] === 'true')).toHaveLength(2);
    expect(await counted()).toEqual({ used: 3, recorded: 3, inserted: 3 });
  });

  test('Compute Engine refuses one of them: that one is taken back, and its place is free again', async () => {
    const { tools, request, counted } = await platform();
    let calls = 0;
    const insert = tools.compute.insert.bind(tools.compute);
    const picky = Object.assign({}, tools.compute, {
      insert: (...given: Parameters<typeof insert>) => {
        calls += 1;
        if (calls === 2) return Promise.resolve({ ...DONE, error: { reason: 'invalid_argument', message: 'no' } });
        return insert(...given);
      },
    });
    const choosy = { ...tools, compute: picky } as unknown as typeof tools;

    const answers = await Promise.allSettled(all.slice(0, ALLOWED).map((n) => createInstance(request(n), choosy)));

    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(await counted()).toEqual({ used: ALLOWED - 1, recorded: ALLOWED - 1, inserted: ALLOWED - 1 });
  });
});

describe('deletes that share a commit, when', () => {
  const commits = [
    ['the mark', 0],
    ['the removal', 1],
  ] as const;

  test.each(commits.flatMap(([which, after]) => FAULTS.map(([what, fault]) => ({ which, what, after, fault }))))(
    '$which commit fails, $what: each instance goes once, and the quota is free again',
    async ({ after, fault }) => {
      const { tools, request, counted, inject, deleted, store } = await platform();
      const made = await Promise.all(all.slice(0, ALLOWED).map((n) => createInstance(request(n), tools)));
      const { caller, actor } = request(0);
      inject(fault, after);

      const outcomes = await Promise.all(
        made.map((reply, n) => deleteInstance({ instanceId: idOf(reply), caller, actor, requestId: `d-${n}` }, tools)),
      );

      expect(await counted()).toMatchObject({ used: 0, recorded: 0 });
      expect(new Set(deleted).size).toBe(ALLOWED);
      const operations = await store.getAll(outcomes.map(({ operationId }) => ref(OPERATION, operationId)));
      expect(operations.map((row) => row?.value.leaseUntilMs)).toEqual(Array(ALLOWED).fill(0));
      expect(new Set(operations.map((row) => row?.value.instanceId)).size).toBe(ALLOWED);
    },
  );

  test('two are of one instance: both are answered, and one place is free again', async () => {
    const { tools, request, counted } = await platform();
    const made = await Promise.all([0, 1].map((n) => createInstance(request(n), tools)));
    const { caller, actor } = request(0);
    const [first = ''] = made.map(idOf);

    await Promise.all(
      ['d-1', 'd-2'].map((requestId) => deleteInstance({ instanceId: first, caller, actor, requestId }, tools)),
    );

    expect(await counted()).toMatchObject({ used: 1, recorded: 1 });
  });

  test('one is of an instance that the caller does not see: that one is 404, the others go', async () => {
    const { tools, request, counted } = await platform();
    const made = await Promise.all([0, 1].map((n) => createInstance(request(n), tools)));
    const { caller, actor } = request(0);
    const ids = [...made.map(idOf), 'tw-nobody'];

    const answers = await Promise.allSettled(
      ids.map((instanceId, n) => deleteInstance({ instanceId, caller, actor, requestId: `d-${n}` }, tools)),
    );

    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(answers[2]).toMatchObject({ reason: { kind: 'not_found' } });
    expect(await counted()).toMatchObject({ used: 0, recorded: 0 });
  });
});
