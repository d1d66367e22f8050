import type { InstanceResource } from '#scripts/emulators/compute/instance-resource.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { isTransitional } from '#shared/domain/status.ts';

/** A machine as the console lists it: its record and its VM side by side, one of which may be missing. */
export interface MachineLine {
  readonly id: string;
  readonly displayName: string;
  readonly customerId: string;
  readonly zone: string;
  readonly machineType: string;
  /** Status of the record; `null`: there is no record. */
  readonly record: string | null;
  /** Status of the VM; `null`: there is no VM. */
  readonly vm: string | null;
  readonly reason: string | null;
  /** Kinds of the operations that have not ended, oldest first. */
  readonly queue: readonly string[];
  /** In words, how the record contradicts the VM. */
  readonly differences: readonly string[];
}

/** Statuses in which a record may have no VM. */
const WITHOUT_VM: ReadonlySet<string> = new Set(['PENDING', 'PROVISIONING', 'DELETING', 'ERROR']);

/** Returns every machine that has a record or a VM: VMs without a record first, then the newest records. */
export function machineLines(
  records: readonly Instance[],
  machines: readonly InstanceResource[],
): readonly MachineLine[] {
  const vms = new Map(machines.map((machine) => [machine.name, machine]));
  const recorded = new Set(records.map(({ id }) => id));
  return [
    ...machines.filter(({ name }) => !recorded.has(name)).map((machine) => machineLine(undefined, machine)),
    ...[...records]
      .sort((a, b) => b.createdAtMs - a.createdAtMs)
      .map((record) => machineLine(record, vms.get(record.id))),
  ];
}

/** Returns the lines in which a member contains the text; all lines for an empty text. */
export function matching(lines: readonly MachineLine[], text: string): readonly MachineLine[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return lines;
  return lines.filter((line) =>
    [line.id, line.displayName, line.customerId, line.zone, line.machineType, line.record, line.vm, line.reason]
      .concat(line.differences.length > 0 ? ['differs'] : [])
      .some((word) => word?.toLowerCase().includes(wanted) === true),
  );
}

/** Returns operations newest first, with those that have not ended before all others. */
export function operationLines(operations: readonly Operation[], limit: number): readonly Operation[] {
  const isOpen = ({ completedAtMs }: Operation) => (completedAtMs === null ? 1 : 0);
  return [...operations].sort((a, b) => isOpen(b) - isOpen(a) || b.createdAtMs - a.createdAtMs).slice(0, limit);
}

function machineLine(record: Instance | undefined, vm: InstanceResource | undefined): MachineLine {
  return {
    id: record?.id ?? vm?.name ?? '',
    displayName: record?.displayName ?? '',
    customerId: record?.customerId ?? '',
    zone: record?.zone ?? lastPart(vm?.zone),
    machineType: record?.machine.machineType ?? lastPart(vm?.machineType),
    record: record?.status ?? null,
    vm: vm?.status ?? null,
    reason: record?.statusReason?.reason ?? null,
    queue: record?.queue.map(({ kind }) => kind) ?? [],
    differences: differences(record, vm),
  };
}

/**
 * Returns the contradictions in words; empty if record and VM agree, or if the record's status says that it waits for
 * the VM.
 */
export function differences(record: Instance | undefined, vm: InstanceResource | undefined): readonly string[] {
  if (record === undefined) return ['There is no record of this VM.'];
  if (vm === undefined) return WITHOUT_VM.has(record.status) ? [] : ['There is no VM for this record.'];
  const found: string[] = [];
  if (record.status !== vm.status && !isTransitional(record.status)) {
    found.push(`Status: the record says ${record.status}, the VM is ${vm.status}.`);
  }
  if (record.machine.machineType !== lastPart(vm.machineType)) {
    found.push(`Machine type: the record says ${record.machine.machineType}, the VM has ${lastPart(vm.machineType)}.`);
  }
  if (record.cloudId !== '' && record.cloudId !== vm.id) {
    found.push(`The VM is another one of the same name: its id is ${vm.id}, the record says ${record.cloudId}.`);
  }
  return found;
}

function lastPart(url: string | undefined): string {
  return url?.split('/').at(-1) ?? '';
}
