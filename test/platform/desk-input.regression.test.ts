import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { platformLine } from '#scripts/platform/platform-line.ts';
import { findWord } from '#shared/actions/find-word.ts';
import { API_KEY, PROJECT } from '#shared/datastore/account-rows.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import { ORPHAN_DISK, VOLUME } from '#shared/datastore/volume-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import { sshKeyFid } from '#shared/domain/project-ssh-key.ts';
import { aBid } from '#test/support/a-bid.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { runLine } from '#test/support/run-line.ts';
import { aDesk, ID } from './a-desk.ts';

/** Runs a command with `--local` on a state folder with this connection file. */
function runOn(connection: object, ...args: readonly string[]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'desk-input-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'connection.json'), JSON.stringify(connection));
  return runLine(platformLine, [...args, '--local', '--state-dir', folder]);
}

/** Nothing listens at this port. */
const STALE = { emulators: { datastore: '127.0.0.1:9' } };

describe('the local cloud', () => {
  test('that was killed leaves its addresses: a command says that nothing answers there, and what starts it', async () => {
    const text = await runOn(STALE, 'operations', 'list');
    const json = await runOn(STALE, 'operations', 'list', '--json');

    expect([text.exitCode, json.exitCode]).toEqual([1, 1]);
    expect(text.stderr).toContain('No answer from the Datastore emulator at 127.0.0.1:9');
    expect(text.stderr).toContain('`npm start`');
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { reason: 'datastore_unavailable' } });
  });

  test('is one environment: --env beside --local is refused, instead of an empty answer', async () => {
    const done = await runOn(STALE, 'instances', 'list', '--env', 'staging');

    expect(done.exitCode).toBe(2);
    expect(done.stderr).toContain('Give --env NAME or --local, not both');
  });

  test('is named if another project than its own is asked for, whose records would be none', async () => {
    const done = await runOn(STALE, 'instances', 'list', '--project', 'my-project');

    expect(done.stderr).toContain('On the Datastore emulator at 127.0.0.1:9, project my-project.');
  });
});

test('a preview names each instance that there is not, and shows the others', async () => {
  const desk = await aDesk();

  const done = await desk.run('instances', 'stop', ID, 'tw-550e84-nothing', '--json');

  expect(done.exitCode).toBe(1);
  expect(done.stderr).toContain('tw-550e84-nothing: ');
  expect(JSON.parse(done.stdout)).toMatchObject({
    items: [{ id: ID }],
    refused: [{ id: 'tw-550e84-nothing', reason: 'instance_not_found' }],
    done: false,
  });
});

test('a cursor of no list is refused by every list, instead of an empty page', async () => {
  const desk = await aDesk();

  for (const list of ['instances', 'operations', 'dead-letters', 'audit']) {
    const done = await desk.run(list, 'list', '--after', 'nonsense', '--json');
    expect([list, done.exitCode, done.stdout]).toEqual([list, 1, '']);
    expect(JSON.parse(done.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      error: { reason: 'invalid_cursor' },
    });
  }
});

test('the list of operations shows which are held by a worker, and for how long', async () => {
  const desk = await aDesk();
  await desk.accepted('stop', { state: 'running', leaseToken: 'w', leaseUntilMs: desk.tools.nowMs() + LEASE_MS });

  expect((await desk.run('operations', 'list')).stdout).toMatch(/ LEASE [^]* held \d+s/);
});

test("ids of the fleet family are understood: the desk's commands take an instance by either", async () => {
  const desk = await aDesk();

  const shown = await desk.run('instances', 'show', `inst_${ID}`, '--json');
  const ofUser = await desk.run('instances', 'list', '--user', `user_${anInstance().userId}`, '--json');
  const synced = await desk.run('instances', 'sync', ID, `inst_${ID}`, '--json');

  expect(JSON.parse(shown.stdout)).toMatchObject({ record: { id: ID } });
  expect(JSON.parse(ofUser.stdout)).toMatchObject({ items: [{ id: ID }] });
  // Once, however it is called.
  expect((JSON.parse(synced.stdout) as { readonly items: readonly object[] }).items).toHaveLength(1);
});

test('find knows every kind of thing that has an id, in the words of every family', async () => {
  const { store } = await aDesk();
  const sshKey = 'key-0m4x2k9q1a1b2c3d4e5f6';
  const times = { createdAtMs: 1, expiresAtMs: null, revokedAtMs: null, lastUsedAtMs: null };
  const key = {
    id: 'ak_live_0123456789abcdef',
    userId: 'u',
    customerId: 'acme',
    name: 'ci',
    secretHash: 'x',
    ...times,
  };
  const disk = { name: 'vol-lost', zone: 'z', foundAtMs: 1, freeSinceMs: null, dueAtMs: 1, attempts: 0 };
  const bid = aBid();
  const volume = aVolume();
  await store.write([
    put(API_KEY, key.id, key),
    put(PROJECT, 'proj_1', { id: 'proj_1', customerId: 'acme', name: 'web', createdAtMs: 1 }),
    put(PROJECT_SSH_KEY, sshKey, {
      id: sshKey,
      customerId: 'acme',
      project: '',
      userId: 'u',
      name: 'laptop',
      publicKey: 'ssh-ed25519 AAAA',
      fingerprint: 'SHA256:abc',
      isDefault: false,
      required: false,
      labels: {},
      createdAtMs: 1,
    }),
    put(VOLUME, volume.id, volume),
    put(BID, bid.id, bid),
    put(ORPHAN_DISK, disk.name, disk),
  ]);
  const what = async (word: string) => (await findWord(word, { store })).map((found) => found.what);

  expect({
    [`inst_${ID}`]: await what(`inst_${ID}`),
    user: await what(`user_${anInstance().userId}`),
    key: await what(`apikey_${key.id}`),
    project: await what('proj_1'),
    sshKey: await what(sshKey),
    sshKeyFid: await what(sshKeyFid(sshKey)),
    volume: await what(`vol_${volume.id}`),
    bid: await what(bid.id),
    disk: await what('vol-lost'),
    nothing: await what('inst_'),
  }).toEqual({
    [`inst_${ID}`]: ['instance'],
    user: ['user'],
    key: ['key'],
    project: ['project'],
    sshKey: ['SSH key'],
    sshKeyFid: ['SSH key'],
    volume: ['volume'],
    bid: ['spot bid'],
    disk: ['orphaned disk'],
    nothing: [],
  });
});
