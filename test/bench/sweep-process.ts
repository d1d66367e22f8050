/** Runs the shipped sweep once in a process of its own, so that its memory and processor time are its own too. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { Compute } from '#shared/gce/compute.ts';
import { Disks } from '#shared/gce/disks.ts';
import { Publisher } from '#shared/pubsub/publisher.ts';
import { sweep } from '#shared/workers/sweep.ts';
import type { SweepReport } from '#shared/workers/sweep-report.ts';
import { localStore } from '#test/support/local-store.ts';

export interface SweepOrder {
  readonly addresses: { readonly datastore: string; readonly pubsub: string; readonly compute: string };
  /** How far the process's clock is ahead. */
  readonly aheadMs: number;
}

export interface SweepRun {
  readonly report: SweepReport;
  readonly milliseconds: number;
  readonly processorMs: number;
  /** Most memory that the process had, before and after the sweep. */
  readonly memoryBeforeMb: number;
  readonly memoryMb: number;
}

// Without this setting Google's authentication first spends seconds on looking for a metadata server.
process.env['METADATA_SERVER_DETECTION'] = 'none';

const DAY_MS = 86_400_000;
const { addresses, aheadMs } = JSON.parse(process.argv[2] ?? '{}') as SweepOrder;
const gce = { project: LOCAL_PROJECT, deployment: 'local', emulatorHost: addresses.compute };
const fail = (message: string, fields?: object): void => console.error(message, JSON.stringify(fields));
const tools = {
  store: localStore(addresses.datastore),
  compute: new Compute(gce),
  disks: new Disks(gce),
  publisher: new Publisher({ project: LOCAL_PROJECT, topic: 'operations', emulatorHost: addresses.pubsub }),
  log: { info: () => undefined, warn: fail, error: fail, critical: fail },
  nowMs: () => Date.now() + aheadMs,
  sleep: (ms: number) => sleep(ms),
  random: { hex: (bytes: number) => randomBytes(bytes).toString('hex'), fraction: () => Math.random() },
};
await tools.store.connect();
const memoryBeforeMb = process.resourceUsage().maxRSS / 1024;
const startedAtMs = performance.now();
const before = process.cpuUsage();
const report = await sweep({ identity: { database: '', epochMs: 0 }, keptMs: 7 * DAY_MS }, tools);
const { user, system } = process.cpuUsage(before);
const run: SweepRun = {
  report,
  milliseconds: performance.now() - startedAtMs,
  processorMs: (user + system) / 1000,
  memoryBeforeMb,
  memoryMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(run)}\n`, () => process.exit(0));
