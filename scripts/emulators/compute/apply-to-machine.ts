import { ComputeError, badRequest } from './compute-error.ts';
import type { Edits } from './edits.ts';
import type { Machine } from './instance-resource.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Action } from './moves.ts';
import type { Order } from './operation-book.ts';
import type { Operation } from './operation-resource.ts';
import { readBody, readBoolean } from './request-values.ts';
import { instanceName } from './resource-names.ts';
import type { Mutation } from './route.ts';

/** The methods that change an existing VM. */
type MachineMutation = Exclude<Mutation, 'instances.insert' | `disks.${string}`>;

interface Parts {
  readonly lifecycle: Lifecycle;
  readonly edits: Edits;
  readonly order: Order;
}

interface Values {
  readonly query: URLSearchParams;
  readonly rawBody: string;
}

/** Executes a method that changes a VM. Throws a ComputeError where Compute Engine would refuse. */
export function applyToMachine(
  machine: Machine,
  { query, rawBody }: Values,
  method: MachineMutation,
  { lifecycle, edits, order }: Parts,
): Operation {
  const act = (action: Action) => lifecycle.act(action, machine, order);
  switch (method) {
    case 'instances.setLabels':
      return edits.setLabels(machine, readBody(rawBody), order);
    case 'instances.setMetadata':
      return edits.setMetadata(machine, readBody(rawBody), order);
    case 'instances.setTags':
      return edits.setTags(machine, readBody(rawBody), order);
    case 'instances.setMachineType':
      return edits.setMachineType(machine, readBody(rawBody), order);
    case 'instances.setDeletionProtection':
      // A request without the parameter sets the protection.
      return edits.setDeletionProtection(machine, readBoolean(query, 'deletionProtection') ?? true, order);
    case 'instances.attachDisk':
      return lifecycle.disks.attach(machine, readBody(rawBody), order);
    case 'instances.detachDisk':
      return lifecycle.disks.detach(machine, query.get('deviceName') ?? '', order);
    case 'instances.delete':
      if (machine.resource.deletionProtection && !machine.deleting) throw protectedFromDeletion(machine);
      return act('delete');
    case 'instances.start':
      return act('start');
    case 'instances.stop':
      checkLocalSsd(machine, query);
      readBoolean(query, 'noGracefulShutdown');
      return act('stop');
    case 'instances.suspend':
      readBoolean(query, 'discardLocalSsd');
      return act('suspend');
    case 'instances.reset':
      return act('reset');
    case 'instances.resume':
      return act('resume');
  }
}

/**
 * Requires the parameter `discardLocalSsd` for a stop of a VM with Local SSD, whose data would be lost (skypilot#2586).
 */
function checkLocalSsd(machine: Machine, query: URLSearchParams): void {
  if (readBoolean(query, 'discardLocalSsd') !== undefined) return;
  if (!machine.resource.disks.some(({ type }) => type === 'SCRATCH')) return;
  throw badRequest(
    'VM has a Local SSD attached but an undefined value for `discard-local-ssd`. If using gcloud, please add ' +
      '`--discard-local-ssd=false` or `--discard-local-ssd=true` to your command.',
  );
}

function protectedFromDeletion(machine: Machine): ComputeError {
  const name = instanceName(machine.project, machine.zone, machine.name);
  return new ComputeError(
    400,
    'invalid',
    `Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion: ${name}'.`,
  );
}
