import { JOB_STATE, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { ALL_INSTANCES } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ORPHAN_DISK, VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Machine } from '#shared/gce/compute.ts';
import type { Disk } from '#shared/gce/disks.ts';
import { compare } from '#shared/lifecycle/sync-instance.ts';
import { ORPHAN_AGE_MS } from '#shared/workers/orphan-times.ts';
import { JOB as SWEEP_JOB } from '#shared/workers/sweep-report.ts';
import type { Check, DoctorTools, Finding } from './finding.ts';
import { shortList } from './store-checks.ts';

const PAGE_SIZE = 300;

/** Compares every VM with its record and every record with its VM. Changes nothing. */
export const checkMachines: Check = async (tools) => {
  const names = new Set<string>();
  const unrecorded: Machine[] = [];
  const drifted: string[] = [];
  for await (const machines of tools.compute.list()) {
    const rows = await tools.store.getAll(machines.map(({ name }) => ref(INSTANCE, name)));
    for (const [index, machine] of machines.entries()) {
      names.add(machine.name);
      const row = rows[index];
      if (row === undefined) unrecorded.push(machine);
      else if (row.value.queue.length === 0 && isDrift(row.value, machine, tools)) drifted.push(row.id);
    }
  }
  return [
    ...drifted.map((id): Finding => ({
      severity: 'fault',
      check: 'machines',
      finding: `Instance ${id}: the record is not what the VM shows.`,
      repair: `npm run platform -- instances sync ${id}`,
    })),
    ...(await missing(names, tools)),
    ...(await unrecordedFindings(unrecorded, tools)),
  ];
};

function isDrift(record: Parameters<typeof compare>[0], machine: Machine, { nowMs }: DoctorTools): boolean {
  return compare(record, machine, { cause: 'drift' }, nowMs()) !== undefined;
}

/**
 * Returns findings for records whose VM does not exist, except for those that are being created or deleted, or that
 * already say so.
 */
async function missing(names: ReadonlySet<string>, { store, nowMs }: DoctorTools): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(
      ALL_INSTANCES,
      {},
      { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const { id, value } of page.rows) {
      const isSettled = value.queue.length === 0 && value.status !== 'ERROR' && value.status !== 'DELETING';
      if (names.has(id) || !isSettled || nowMs() - value.createdAtMs < ORPHAN_AGE_MS) continue;
      findings.push({
        severity: 'fault',
        check: 'machines',
        finding: `Instance ${id} (${value.status}) has no VM.`,
        repair: `npm run platform -- instances sync ${id}`,
      });
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return findings;
}

async function unrecordedFindings(
  machines: readonly Machine[],
  { store, nowMs }: DoctorTools,
): Promise<readonly Finding[]> {
  const old = machines.filter(({ createdAtMs }) => nowMs() - createdAtMs >= ORPHAN_AGE_MS);
  if (old.length === 0) return [];
  const listed = await store.getAll(old.map(({ name }) => ref(ORPHAN, name)));
  const known = listed.filter((row) => row !== undefined).length;
  return [
    {
      severity: 'fault',
      check: 'machines',
      finding: `${old.length} VMs have no record (${shortList(old.map(({ name }) => name))}); the sweep has ${known} of them on its list.`,
      repair: orphanRepair(old, listed, 'Protect those to keep from deletion'),
    },
  ];
}

/** Reports every disk with the deployment's label that belongs to no volume. */
export const checkDisks: Check = async ({ disks, store, nowMs }) => {
  const unknown: Disk[] = [];
  for await (const page of disks.list()) {
    const old = page.filter(({ createdAtMs }) => nowMs() - createdAtMs >= ORPHAN_AGE_MS);
    const volumes = await store.getAll(old.map(({ name }) => ref(VOLUME, name)));
    unknown.push(...old.filter((_, index) => volumes[index] === undefined));
  }
  if (unknown.length === 0) return [];
  const listed = await store.getAll(unknown.map(({ name }) => ref(ORPHAN_DISK, name)));
  const known = listed.filter((row) => row !== undefined).length;
  return [
    {
      severity: 'fault',
      check: 'disks',
      finding: `${unknown.length} disks have no volume (${shortList(unknown.map(({ name }) => name))}); the sweep has ${known} of them on its list.`,
      repair: orphanRepair(unknown, listed, 'Attach those to keep to a VM'),
    },
  ];
};

/**
 * Returns the command that repairs orphans: those on the sweep's list can be removed at once; the sweep adds the others
 * to the list and removes all of them after some days.
 */
function orphanRepair(
  found: readonly { readonly name: string }[],
  listed: readonly (object | undefined)[],
  keep: string,
): string {
  const first = found.find((_, index) => listed[index] !== undefined);
  const others = `${keep}, bring lost records back with npm run deploy -- restore; the sweep removes the others after some days`;
  return first === undefined ? others : `${others}. At once: npm run platform -- sweep remove ${first.name} --yes`;
}

/** A read of Datastore and one of Compute Engine take less than this, from anywhere. */
const SLOW_MS = 2_000;

/** Measures the latency of the services that every request waits for. */
export const checkLatency: Check = async ({ store, compute, nowMs }) => {
  const looks = {
    Datastore: () => store.get(ref(JOB_STATE, SWEEP_JOB)),
    'Compute Engine': () => compute.list()[Symbol.asyncIterator]().next(),
  };
  const findings: Finding[] = [];
  for (const [service, look] of Object.entries(looks)) {
    const fromMs = nowMs();
    await look();
    const tookMs = nowMs() - fromMs;
    if (tookMs <= SLOW_MS) continue;
    findings.push({
      severity: 'notice',
      check: 'latency',
      finding: `${service} took ${(tookMs / 1000).toFixed(1)} s to answer one look-up: requests are slow for as long.`,
      repair: 'Look for an incident at https://status.cloud.google.com; nothing of the platform needs to be changed.',
    });
  }
  return findings;
};

/** Reports faults that were injected into the local cloud and break it on purpose. */
export const checkInjectedFaults: Check = async ({ injectedFaults }) => {
  const { faults, repair } = await injectedFaults();
  if (faults.length === 0) return [];
  return [{ severity: 'fault', check: 'injected faults', finding: `In force: ${faults.join('; ')}.`, repair }];
};

/** Reports machine types, images and networks of the catalogue that the project lacks. */
export const checkCatalogue: Check = async ({ catalogFindings }) => {
  const { impossible } = await catalogFindings();
  return impossible.map(({ pointer, message }): Finding => ({
    severity: 'fault',
    check: 'catalogue',
    finding: `${pointer}: ${message}`,
    repair: 'npm run catalog -- apply FILE (the file that `npm run catalog -- export FILE` writes, corrected)',
  }));
};
