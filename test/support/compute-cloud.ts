import type { protos } from '@google-cloud/compute';
import { InstancesClient } from '@google-cloud/compute/build/src/v1/instances_client.js';
import { ZoneOperationsClient } from '@google-cloud/compute/build/src/v1/zone_operations_client.js';
import { PassThroughClient } from 'google-auth-library';
import { onTestFinished } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import type { AuditEntry } from '#scripts/emulators/compute/audit-entry.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import type { ComputeEmulatorOptions } from '#scripts/emulators/compute/compute-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';

export const PROJECT = 'demo-project';
export const ZONE = 'us-central1-a';

/** Longer than any test runs on the slowest machine, so a VM boots or stops only when the test moves the clock. */
export const BOOT_SECONDS = 2000;
export const STOP_SECONDS = 1000;

export interface ComputeClients {
  readonly instances: InstancesClient;
  readonly operations: ZoneOperationsClient;
}

/** Returns Google's own clients, connected to an emulator. */
export function computeClients(address: string): ComputeClients {
  const port = Number(address.split(':')[1]);
  const settings = {
    projectId: PROJECT,
    apiEndpoint: '127.0.0.1',
    port,
    protocol: 'http',
    authClient: new PassThroughClient(),
  };
  return { instances: new InstancesClient(settings), operations: new ZoneOperationsClient(settings) };
}

/**
 * Starts a Compute Engine emulator with a clock that the test can move, and Google's clients for it. All are closed
 * when the test ends.
 */
export async function computeCloud(options: Partial<ComputeEmulatorOptions> = {}, clock = new ShiftableClock()) {
  const faults = new Faults();
  const audit: AuditEntry[] = [];
  const emulator = new ComputeEmulator({
    clock,
    faults,
    bootSeconds: BOOT_SECONDS,
    stopSeconds: STOP_SECONDS,
    onAudit: (entry) => audit.push(entry),
    ...options,
  });
  await emulator.start();
  const clients = computeClients(emulator.address);
  onTestFinished(async () => {
    await Promise.all([clients.instances.close(), clients.operations.close()]);
    await emulator.stop();
    clock.stop();
  });

  const at = (instance: string) => ({ project: PROJECT, zone: ZONE, instance });
  return {
    ...clients,
    clock,
    faults,
    audit,
    emulator,
    at,
    /** Inserts a VM and returns the operation of the response. */
    insert: async (name: string, changes: Record<string, unknown> = {}, requestId?: string, zone = ZONE) => {
      const [response] = await clients.instances.insert({
        project: PROJECT,
        zone,
        instanceResource: instanceBody(name, changes, zone),
        ...(requestId === undefined ? {} : { requestId }),
      });
      // The client's types call it a google.longrunning.Operation, which Compute Engine does not have.
      return response.latestResponse as unknown as protos.google.cloud.compute.v1.IOperation;
    },
    /** Inserts a VM and lets it boot. */
    running: async (name: string, changes: Record<string, unknown> = {}) => {
      await clients.instances.insert({ project: PROJECT, zone: ZONE, instanceResource: instanceBody(name, changes) });
      clock.advance(BOOT_SECONDS);
    },
    get: async (instance: string) => (await clients.instances.get(at(instance)))[0],
    operation: async (operation: string) =>
      (await clients.operations.get({ project: PROJECT, zone: ZONE, operation }))[0],
  };
}

export function instanceBody(name: string, changes: Record<string, unknown> = {}, zone = ZONE) {
  return {
    name,
    machineType: `zones/${zone}/machineTypes/e2-medium`,
    disks: [
      {
        boot: true,
        autoDelete: true,
        initializeParams: {
          sourceImage: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
          diskSizeGb: '20',
          diskType: `zones/${zone}/diskTypes/pd-balanced`,
        },
      },
    ],
    networkInterfaces: [
      { network: 'global/networks/default', accessConfigs: [{ type: 'ONE_TO_ONE_NAT', name: 'External NAT' }] },
    ],
    labels: { managed: 'yes' },
    ...changes,
  };
}
