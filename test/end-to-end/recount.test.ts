import { expect, test } from 'vitest';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';
import { runScript } from '#test/support/run-script.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const DAY_SECONDS = 86_400;

async function withRecords<T>(work: (records: Records) => Promise<T>): Promise<T> {
  const records = new Records(cloud().connection);
  try {
    return await work(records);
  } finally {
    await records.close();
  }
}

const setUsage = (customerId: string, instances: number) =>
  withRecords(({ store }) => store.write([put(USAGE, customerId, { instances })]));
const usageOf = (customerId: string) => withRecords((records) => records.usageOf(customerId));

function recount(...args: readonly string[]) {
  return runScript('recount', [...args, '--local', '--state-dir', cloud().stateFolder]);
}

test('a usage count that is too high blocks a customer; the command reports it, repairs it, and then finds no difference', async () => {
  const carol = new ComputeUser(cloud(), 'carol');
  await setUsage('umbrella', 5);
  expect((await carol.create()).status).toBe(403);

  const dry = await recount('--dry-run');
  const untouched = await usageOf('umbrella');
  const one = await recount('--customer', 'umbrella', '--json');
  const again = await recount();

  expect(dry).toMatchObject({ exitCode: 0, stderr: '' });
  expect(dry.stdout).toMatch(
    /^\d+ customers counted, 1 off \(nothing was changed\):\nCUSTOMER .*\numbrella +5 +0 +no\n$/,
  );
  expect(untouched).toBe(5);
  expect(one.exitCode).toBe(0);
  expect(JSON.parse(one.stdout)).toEqual({
    customers: 1,
    drifts: [{ customerId: 'umbrella', of: 'instances', recorded: 5, counted: 0, repaired: true }],
    finished: true,
  });
  expect(again.stdout).toMatch(/^\d+ customers counted, nothing is off\.\n$/);
  const id = await carol.created();
  expect(await carol.delete(id)).toMatchObject({ status: 204 });
});

test('the nightly function repairs it without a request', async () => {
  await setUsage('acme', 2);

  await cloud().advance(DAY_SECONDS);

  await eventually(async () => ((await usageOf('acme')) === 0 ? true : undefined));
});

test('the command explains itself, and a wrong command line is 2', async () => {
  const help = await runScript('recount', ['--help']);
  const wrong = await runScript('recount', ['--sometimes']);
  const nowhere = await runScript('recount', []);

  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  for (const option of ['--customer', '--dry-run', '--json', '--local', '--project'])
    expect(help.stdout).toContain(option);
  expect(wrong.exitCode).toBe(2);
  expect(nowhere).toMatchObject({ exitCode: 2, stdout: '' });
});
