import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { catalogLine } from '#scripts/catalog/catalog-line.ts';
import type { CommandLine, Surroundings } from '#scripts/console/command-line.ts';
import { platformLine } from '#scripts/platform/platform-line.ts';
import { recountLine } from '#scripts/recount/recount-line.ts';
import { resumeCustomer, suspendCustomer } from '#shared/actions/suspend-customer.ts';
import { syncByHand } from '#shared/actions/sync-by-hand.ts';
import { API_KEY, SUSPENSION } from '#shared/datastore/account-rows.ts';
import { BRAKE, DEAD_LETTER, SWEEP_BRAKE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put } from '#shared/datastore/write.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { runLine } from '#test/support/run-line.ts';
import { storeWith } from '#test/support/store-with.ts';
import { testAuditor } from '#test/support/test-auditor.ts';
import { aDesk, ID } from './a-desk.ts';

type Desk = Awaited<ReturnType<typeof aDesk>>;

/** A dead letter of a stop that has not ended. */
async function aDeadLetter(desk: Desk): Promise<void> {
  await desk.accepted('stop');
  const letter = { operationId: 'op-1', instanceId: ID, messageId: '4711', data: '{}', attributes: {} };
  await desk.store.write([put(DEAD_LETTER, '4711', { ...letter, recordedAtMs: desk.tools.nowMs() })]);
}

/** Twenty running machines of acme beside the first one. */
async function manyMachines({ store }: Desk): Promise<void> {
  const ids = Array.from({ length: 20 }, (_, index) => `tw-550e84-${String(index).padStart(8, '0')}`);
  await store.write(ids.map((id) => put(INSTANCE, id, anInstance({ id, status: 'RUNNING' }))));
}

describe('two operators at once', () => {
  test('replay the same dead letter: both are told, both are on record, and the VM is stopped once', async () => {
    const desk = await aDesk();
    await aDeadLetter(desk);

    const both = await Promise.all([1, 2].map(() => desk.run('dead-letters', 'replay', '4711')));

    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await desk.work('op-1')).toBe('completed');
    expect(await desk.audited()).toEqual(['dead_letter.replay', 'dead_letter.replay']);
    expect(desk.cloud.emulator.calls().filter(({ method }) => method === 'instances.stop')).toHaveLength(1);
  });

  test('discard the same dead letter: it is discarded once, and the other one is told that there is none', async () => {
    const desk = await aDesk();
    await aDeadLetter(desk);

    const both = await Promise.all([1, 2].map(() => desk.run('dead-letters', 'discard', '4711')));

    expect(both.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 1]);
    expect(await desk.audited()).toEqual(['dead_letter.discard']);
  });

  test('release the brake: it is released once, on record once, and the other one is told that it is off', async () => {
    const desk = await aDesk();
    const counts = { machines: 20, records: 0, unrecorded: 20, database: '', epochMs: 0 };
    const brake = { ...counts, engagedAtMs: 1, releasedAtMs: null, releasedBy: '' };
    await desk.store.write([put(SWEEP_BRAKE, BRAKE, brake)]);

    const both = await Promise.all([1, 2].map(() => desk.run('sweep', 'release', '--json')));

    expect(both.map(({ stdout }) => (JSON.parse(stdout) as { released: boolean }).released).toSorted()).toEqual([
      false,
      true,
    ]);
    expect(await desk.audited()).toEqual(['sweep.release']);
  });

  test('retry and cancel the same operation: the second operator is told, and nothing is done to what has ended', async () => {
    const desk = await aDesk();
    await desk.accepted('stop');

    const both = await Promise.all(['cancel', 'retry'].map((verb) => desk.run('operations', verb, 'op-1')));

    const state = (await desk.operation('op-1'))?.state;
    // A retry before the cancel changes nothing that the cancel relies on.
    expect([both[0]?.exitCode, state]).toEqual([0, 'failed']);
    expect((await desk.audited()).filter((action) => action === 'operation.retry')).toHaveLength(
      both[1]?.exitCode === 0 ? 1 : 0,
    );
    const late = await Promise.all(['cancel', 'retry'].map((verb) => desk.run('operations', verb, 'op-1', '--json')));
    for (const { exitCode, stdout, stderr } of late) {
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
        error: { reason: 'operation_ended' },
      });
    }
  });

  test('suspend and resume a customer: the trail says in which order, and the last one holds', async () => {
    const desk = await aDesk();
    const commands = [
      ['customers', 'suspend', 'acme', '--reason', 'Unpaid.'],
      ['customers', 'resume', 'acme'],
    ];

    const both = await Promise.all(commands.map((words) => desk.run(...words)));

    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const actions = await desk.audited();
    const isSuspended = (await desk.all(SUSPENSION)).length === 1;
    expect(actions).toHaveLength(isSuspended ? 1 : 2);
  });

  test('suspend a customer: one suspension, on record once for each reason', async () => {
    const desk = await aDesk();
    const suspend = () => desk.run('customers', 'suspend', 'acme', '--reason', 'Unpaid.');

    const both = await Promise.all([suspend(), suspend()]);

    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await desk.audited()).toEqual(['customer.suspend']);
  });

  test('one resumes the customer while the other one still stops their machines: no further one is stopped', async () => {
    const desk = await aDesk();
    await manyMachines(desk);
    const auditor = testAuditor(desk.tools.nowMs);
    // The list of machines is read; before the first one is stopped, the customer is resumed.
    const query: Store['query'] = async (...args) => {
      const page = await desk.store.query(...args);
      await resumeCustomer({ customerId: 'acme' }, auditor, desk.tools);
      return page;
    };
    const store = storeWith(desk.store, { query });

    const { stops } = await suspendCustomer({ customerId: 'acme', reason: 'Unpaid.', stopInstances: true }, auditor, {
      ...desk.tools,
      store,
    });

    expect(stops).toEqual([]);
    expect(await desk.all(OPERATION)).toEqual([]);
  });
});

describe('a command that is killed half-way', () => {
  test('instances sync: the record is as it was, or the change has its entry', async () => {
    const desk = await aDesk();
    desk.cloud.emulator.drift(ID, 'stop');
    desk.advance(10);
    let commits = 0;
    const mayCommit = () => {
      commits += 1;
      if (commits > 1) throw new Error('killed');
    };
    const store = storeWith(desk.store, {
      change: async (...args) => {
        mayCommit();
        return desk.store.change(...args);
      },
      commitOnce: async (...args) => {
        mayCommit();
        return desk.store.commitOnce(...args);
      },
      write: async (...args) => {
        mayCommit();
        return desk.store.write(...args);
      },
    });

    await syncByHand(ID, testAuditor(desk.tools.nowMs), { ...desk.tools, store }).catch(() => undefined);

    expect((await desk.instance(ID))?.status).toBe('TERMINATED');
    expect(await desk.audited()).toEqual(['instance.sync']);
  });

  test('suspend --stop-instances: done again, every machine is stopped exactly once', async () => {
    const desk = await aDesk();
    await manyMachines(desk);
    const auditor = testAuditor(desk.tools.nowMs);
    let commits = 0;
    // What a dead process leaves: the suspension and the first stops.
    const change: Store['change'] = async (...args) => {
      commits += 1;
      if (commits > 8) throw new Error('killed');
      return desk.store.change(...args);
    };
    const store = storeWith(desk.store, { change });
    const request = { customerId: 'acme', reason: 'Unpaid.', stopInstances: true };
    await expect(suspendCustomer(request, auditor, { ...desk.tools, store })).rejects.toThrow('killed');

    const again = await desk.run('customers', 'suspend', 'acme', '--reason', 'Unpaid.', '--stop-instances', '--json');

    expect(again.exitCode, again.stderr).toBe(0);
    const stopped = (await desk.all(OPERATION)).map(({ value }) => value.instanceId);
    expect(stopped).toHaveLength(21);
    expect(new Set(stopped).size).toBe(21);
  });

  test('instances stop: each id is told of, done or not, and done again it joins what is pending', async () => {
    const desk = await aDesk();
    await manyMachines(desk);
    const ids = [ID, 'tw-550e84-nothing', 'tw-550e84-00000003', ID];

    const first = await desk.run('instances', 'stop', ...ids, '--yes', '--json');
    const second = await desk.run('instances', 'stop', ID, '--yes', '--json');

    expect([first.exitCode, second.exitCode]).toEqual([1, 0]);
    const told = JSON.parse(first.stdout) as { readonly items: readonly { readonly operationId: string }[] };
    expect(told).toMatchObject({
      items: [{ id: ID }, { id: 'tw-550e84-00000003' }],
      refused: [{ id: 'tw-550e84-nothing', reason: 'instance_not_found' }],
    });
    expect(JSON.parse(second.stdout)).toMatchObject({ items: [{ id: ID, operationId: told.items[0]?.operationId }] });
    expect(await desk.audited()).toEqual(['instance.stop', 'instance.stop']);
  });
});

const PROGRAMS: readonly ((surroundings?: Surroundings) => CommandLine)[] = [
  platformLine,
  accountsLine,
  catalogLine,
  recountLine,
];

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

function wordsOf(leaf: Command, program: Command): readonly string[] {
  if (leaf === program) return [];
  return [...(leaf.parent === null ? [] : wordsOf(leaf.parent, program)), leaf.name()];
}

const LEAVES = PROGRAMS.flatMap((make) => {
  const { program } = make();
  return leavesOf(program).map((leaf) => {
    const words = wordsOf(leaf, program);
    const mandatory = leaf.options.filter((option) => option.mandatory);
    return {
      make,
      name: [program.name(), ...words].join(' '),
      words,
      /** What it cannot do without, about what does not exist. */
      least: [
        ...leaf.registeredArguments.filter(({ required }) => required).map(() => 'nothing'),
        ...mandatory.flatMap(({ long }) => [long ?? '', 'nothing']),
      ],
      taken: leaf.registeredArguments.length,
    };
  });
});

describe.each(LEAVES)('$name', ({ make, words, least, taken }) => {
  test('a wrong command line is refused with a sentence and the exit code 2, before anything is asked', async () => {
    const tooMany = Array.from({ length: taken + 3 }, () => 'x');
    const wrong = [
      [...words, '--colour', 'red'],
      [...words, ...least, '--json=yes'],
      ...(least.length > 0 ? [words, [...words, ...least.map((word) => (word === 'nothing' ? '' : word))]] : []),
      ...(taken > 0 && least.length > 0
        ? [[...words, ...least.map((word) => (word === 'nothing' ? 'x'.repeat(1501) : word))]]
        : []),
      ...(words.join(' ').startsWith('instances ') && taken > 0 ? [] : [[...words, ...tooMany]]),
    ];
    for (const args of wrong) {
      const done = await runLine(make, args);
      expect(done.exitCode, `${args.join(' ')}: ${done.stderr}`).toBe(2);
      expect(done.stderr).toMatch(/^error: /);
      expect(done.stdout).toBe('');
    }
  });
});

test('--json: every command answers JSON, and says in JSON what is wrong', async () => {
  const desk = await aDesk();

  for (const { make, name, words, least } of LEAVES) {
    const done = await runLine(make, [...words, ...least, '--json'], desk.environment);
    if (done.stdout !== '') {
      expect(() => JSON.parse(done.stdout) as unknown, `${name}: ${done.stdout}`).not.toThrow();
      continue;
    }
    expect(done.exitCode, `${name}: ${done.stderr}`).not.toBe(0);
    if (done.exitCode === 2) continue;
    const [last = ''] = done.stderr.trim().split('\n').slice(-1);
    expect(JSON.parse(last), name).toMatchObject({ error: { reason: expect.any(String) as string } });
  }
});

test('without access, a command says so and changes nothing', async () => {
  const desk = await aDesk();
  const denied = (method: string) => ({ service: 'datastore', method, kind: 'error', count: 100, status: 7 }) as const;
  desk.storeFaults.add(['lookup', 'runQuery', 'commit', 'runAggregationQuery'].map(denied));

  for (const line of [
    'customers show acme',
    'customers resume acme',
    'operations list',
    'sweep release',
    'audit list',
  ]) {
    const done = await desk.run(...line.split(' '));
    expect(done.exitCode, line).toBe(1);
    expect(done.stderr, line).toMatch(/No access to /);
  }
  desk.storeFaults.clear();
  expect(await desk.audited()).toEqual([]);
});

test('names that users choose cannot write to the terminal of an operator, nor into a command to paste', async () => {
  const desk = await aDesk();
  const name = `\u001b]0;owned\u0007\u001b[2J'; rm -rf /; echo ', (x)`;
  const times = { createdAtMs: 1, expiresAtMs: desk.tools.nowMs() - 1, revokedAtMs: null, lastUsedAtMs: null };
  const key = { id: 'ak_live_0123456789abcdef', userId: anInstance().userId, customerId: 'acme', name };
  await desk.store.write([put(API_KEY, key.id, { ...key, secretHash: 'x', ...times })]);
  await desk.put({ ...anInstance({ id: 'tw-550e84-aaaaaaaa' }), displayName: `\u001b[31m${name}` });

  for (const line of ['customers show acme', 'doctor', 'instances list', 'instances show tw-550e84-aaaaaaaa']) {
    const { stdout, stderr } = await desk.run(...line.split(' '));
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(stdout + stderr, line).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  }
  const { findings } = await desk.doctor();
  const repair = findings.find(({ check }) => check === 'keys')?.repair ?? '';
  expect(repair.endsWith(`--name '${name.replaceAll("'", String.raw`'\''`)}'`)).toBe(true);
});
