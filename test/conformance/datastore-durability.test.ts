import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';

import { ShiftableClock } from '#scripts/emulators/clock.ts';
import type { CompositeIndex } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import type { DatastoreTarget } from '#test/support/datastore-target.ts';
import { and, codeOf, integer, openHarness, order, text, where } from '#test/support/datastore-target.ts';

const PROCESS = new URL('../support/datastore-emulator-process.ts', import.meta.url);

async function stateFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'datastore-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'datastore.sqlite');
}

/** Starts the emulator in a process of its own, which ends only by being killed. */
async function spawnEmulator(file: string): Promise<DatastoreTarget> {
  const child = spawn(process.execPath, [PROCESS.pathname, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const [address] = (await once(createInterface(child.stdout), 'line')) as [string];
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { address, stop };
}

async function openEmulator(
  file: string,
  compositeIndexes: readonly CompositeIndex[] = [],
): Promise<DatastoreEmulator> {
  const options = { stateFile: file, clock: new ShiftableClock(), faults: new Faults(), compositeIndexes };
  const emulator = new DatastoreEmulator(options);
  onTestFinished(() => emulator.stop());
  await emulator.start();
  return emulator;
}

describe('a state file', () => {
  test('holds every acknowledged commit when the process is killed right after it', async () => {
    const file = await stateFile();
    const child = await spawnEmulator(file);
    const before = openHarness(child);
    let version: unknown;
    for (let n = 1; n <= 20; n += 1) {
      const { mutationResults } = await before.put(before.key('K', 'x'), { n: integer(n) });
      version = mutationResults?.[0]?.version;
    }
    const open = await before.begin();

    await child.stop();
    const emulator = await openEmulator(file);
    const h = openHarness(emulator);
    const key = before.key('K', 'x');
    const { found } = await h.lookup([key]);

    expect(found?.[0]?.entity?.properties?.['n']?.integerValue).toBe('20');
    expect(found?.[0]?.version).toBe(version);
    const { mutationResults } = await h.put(key, { n: integer(21) });
    expect(Number(mutationResults?.[0]?.version)).toBeGreaterThan(Number(version));
    // Transactions of the killed process are unknown.
    expect(await codeOf(h.commit([], open))).toBe(status.INVALID_ARGUMENT);
  });

  test('gets composite indexes that are declared later, and loses those that no longer are', async () => {
    const file = await stateFile();
    const byStateAndTime: CompositeIndex = {
      kind: 'K',
      properties: [
        { name: 'state', direction: 'asc' },
        { name: 'at', direction: 'desc' },
      ],
    };
    const partitionId = { projectId: 'conformance' };
    const entity = (n: number): Record<string, unknown> => ({
      key: { partitionId, path: [{ kind: 'K', name: `k${String(n).padStart(4, '0')}` }] },
      properties: { state: text(n % 2 === 0 ? 'even' : 'odd'), at: integer(n) },
    });
    const plain = await openEmulator(file);
    plain.bulkLoad(Array.from({ length: 4000 }, (_, n) => entity(n)));
    await plain.stop();

    for (const indexes of [[byStateAndTime], [], [byStateAndTime]]) {
      const emulator = await openEmulator(file, indexes);
      const h = openHarness(emulator);
      const before = emulator.stats();
      const newestOdd = () =>
        h.client.runQuery({
          projectId: h.projectId,
          partitionId,
          query: {
            kind: [{ name: 'K' }],
            filter: and(where('state', 'EQUAL', text('odd'))),
            order: order('-at'),
            limit: { value: 3 },
          },
        });
      if (indexes.length === 0) {
        await expect(newestOdd()).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
        await emulator.stop();
        continue;
      }
      const [{ batch }] = await newestOdd();
      const read = emulator.stats().indexEntriesRead - before.indexEntriesRead;

      expect(batch?.entityResults?.map((result) => result.entity?.properties?.['at']?.integerValue)).toEqual([
        '3999',
        '3997',
        '3995',
      ]);
      // Only the matching entries of the composite index are read.
      expect(read).toBe(4);
      await emulator.stop();
    }
  });
});
