import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONTRACTS, FALLBACKS } from '#shared/contracts/index.ts';
import { ABSENT, sampleOf } from '#test/support/contract-samples.ts';
import { send } from '#test/support/http-client.ts';
import { runHostile } from '#test/hostile/run-hostile.ts';
import type { Loot } from '#test/hostile/hostile-requests.ts';
import { QUICK_MACHINES } from '#test/support/compute-api.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { WalkAccounts } from '#test/support/walk-accounts.ts';

/*
 * `npm run hostile -- --seed N --requests M` runs this file with more requests; `SEED` repeats a run.
 */

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
const REQUESTS = Number(process.env['REQUESTS'] ?? 1_000);
/** A busy machine answers some tens of requests a second. */
const TIMEOUT_MS = 120_000 + REQUESTS * 150;

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
let accounts: WalkAccounts | undefined;
let loot: Loot;

beforeAll(async () => {
  accounts = new WalkAccounts(cloud().connection.emulators.datastore);
  await accounts.tier('walk', 1_000_000);
  const [one, other, warden] = await Promise.all([
    accounts.walker('initech', { tier: 'walk', groups: ['group1'] }),
    accounts.walker('hooli', { tier: 'walk', groups: ['group1'] }),
    accounts.walker('wardens', { tier: 'walk', admin: true }),
  ]);
  const { alice } = cloud().connection.principals;
  await loadAll();
  loot = {
    credentials: [
      ...[one, other].flatMap(({ key, token, oneStringKey, bearerKey }) => [
        key,
        token,
        key,
        token,
        oneStringKey,
        bearerKey,
      ]),
      ...[warden.token, warden.key, { authorization: `Bearer ${alice.token}` }],
      ...[{}, { authorization: `Bearer cs_${'x'.repeat(43)}` }, { 'api-key': 'ak_live_0000000000000000' }],
    ],
    ids: [],
    operations: [],
    projects: [one.project, other.project, alice.project],
    cursors: [],
  };
});

afterAll(() => accounts?.close());

test(
  `${REQUESTS} hostile requests: no 5xx, no hang, no answer that the public document does not have`,
  { timeout: TIMEOUT_MS },
  async () => {
    console.log(`SEED=${SEED} REQUESTS=${REQUESTS}`);
    const startedAt = performance.now();

    const figures = await runHostile({ baseUrl: cloud().baseUrl, seed: SEED, requests: REQUESTS, loot });

    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${seconds} s ${JSON.stringify({ ...figures.statuses, brokenOff: figures.brokenOff })}`);
    expect(figures.failures, `SEED=${SEED}: ${figures.failed} failed`).toEqual([]);
    expect(errorLines(cloud().stateFolder)).toEqual([]);
  },
);

test('regression: an upload that breaks off is logged as the caller’s, and the next request is answered', async () => {
  const { hostname, port } = new URL(cloud().baseUrl);
  const { alice } = cloud().connection.principals;
  const id = `broken-off-${SEED}`;
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /api/compute/v1/instances HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${alice.token}\r\nX-Request-Id: ${id}\r\n` +
      'Content-Length: 1000\r\n\r\n{"template_id":',
    () => setTimeout(() => socket.destroy(), 50),
  );

  const line = await eventually(async () =>
    readFileSync(logOf(cloud().stateFolder), 'utf8')
      .split('\n')
      .find((each) => each.includes(id)),
  );

  expect(JSON.parse(line)).toMatchObject({ severity: 'INFO', status: 499, outcome: 'request_aborted' });
  expect((await cloud().request('alice', 'GET', '/api/compute/v1/templates')).status).toBe(200);
});

function logOf(stateFolder: string): string {
  return join(stateFolder, 'logs', 'functions.log');
}

/** Loads every function with a first request: on a busy machine that may take longer than a fallback's deadline. */
async function loadAll(): Promise<void> {
  const { baseUrl } = cloud();
  const targets = [
    ...CONTRACTS.map((contract) => ({ method: contract.method, path: sampleOf(contract, ABSENT).path })),
    ...FALLBACKS.flatMap(({ prefixes }) => prefixes.map((prefix) => ({ method: 'GET', path: `${prefix}/nothing` }))),
  ];
  for (const target of targets) while ((await send(baseUrl, target)).status >= 500);
}

/** Returns the lines of the functions' log that report an internal failure. */
function errorLines(stateFolder: string): readonly string[] {
  return readFileSync(logOf(stateFolder), 'utf8')
    .split('\n')
    .filter((line) => /"severity":"(ERROR|CRITICAL|ALERT|EMERGENCY)"/.test(line));
}
