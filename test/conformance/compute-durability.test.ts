import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROJECT, ZONE, computeClients, computeCloud, instanceBody } from '#test/support/compute-cloud.ts';
import { thrownBy } from './thrown-by-client.ts';

describe('durability', () => {
  /** Starts the emulator in a process of its own, which the test kills without warning. */
  async function spawned(stateFile: string, aheadSeconds: number, bootSeconds = 2) {
    const script = path.join(import.meta.dirname, '../support/compute-emulator-process.ts');
    const child = spawn(process.execPath, [script, stateFile, String(aheadSeconds), String(bootSeconds)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => killed(child));
    child.stdout.setEncoding('utf8');
    const [line] = (await once(child.stdout, 'data')) as [string];
    const clients = computeClients(line.trim());
    return { child, ...clients };
  }

  async function killed(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  test('kill -9 loses nothing that was answered, and what was under way goes on by the clock', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'compute-emulator-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const stateFile = path.join(folder, 'state', 'compute.sqlite');
    const requestId = randomUUID();
    // The VM boots for an hour, so that it is still booting however slow the machine is.
    const first = await spawned(stateFile, 0, 3600);

    const [inserted] = await first.instances.insert({
      project: PROJECT,
      zone: ZONE,
      requestId,
      instanceResource: instanceBody('web'),
    });
    const others = Array.from({ length: 20 }, (_, index) =>
      first.instances.insert({ project: PROJECT, zone: ZONE, instanceResource: instanceBody(`vm-${index}`) }),
    );
    const answered = await Promise.all(others);
    await killed(first.child);
    const second = await spawned(stateFile, 3000);
    const [booting] = await second.instances.get({ project: PROJECT, zone: ZONE, instance: 'web' });
    const [replayed] = await second.instances.insert({
      project: PROJECT,
      zone: ZONE,
      requestId,
      instanceResource: instanceBody('web'),
    });
    await killed(second.child);
    const clock = await computeCloud({ stateFile });
    clock.clock.advance(3601);

    expect(answered).toHaveLength(20);
    expect(booting.status).toBe('STAGING');
    expect(replayed.latestResponse.name).toBe(inserted.latestResponse.name);
    expect(clock.emulator.machines().map(({ status }) => status)).toEqual(Array(21).fill('RUNNING'));
    expect((await clock.operation(inserted.latestResponse.name)).status).toBe('DONE');
    expect(clock.emulator.calls().map(({ outcome }) => outcome)).toEqual([
      ...Array<string>(21).fill('applied'),
      'replayed',
    ]);
    const history = clock.emulator.machineHistory().filter(({ instance }) => instance === 'web');
    expect(history.map(({ status }) => status)).toEqual(['PROVISIONING', 'STAGING', 'RUNNING']);
    const [from, , to] = history.map(({ time }) => Date.parse(time));
    expect((to ?? 0) - (from ?? 0)).toBe(3_600_000);
  });

  test('reset forgets everything and keeps listening', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');

    await cloud.emulator.reset();

    expect(cloud.emulator.machines()).toEqual([]);
    expect(cloud.emulator.calls()).toEqual([]);
    expect(cloud.emulator.machineHistory()).toEqual([]);
    await cloud.insert('web');
    expect((await cloud.get('web')).status).toBe('PROVISIONING');
  });

  test('stop ends a held call and can be called twice', async () => {
    const cloud = await computeCloud({ bootSeconds: 600 });
    const { name } = await cloud.insert('web');
    const waiting = thrownBy(cloud.operations.wait({ project: PROJECT, zone: ZONE, operation: name ?? '' }));
    await cloud.get('web');

    await cloud.emulator.stop();
    await cloud.emulator.stop();

    expect((await waiting).code).toBe(14);
  });
});
