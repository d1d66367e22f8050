import type { InstanceResource } from '#scripts/emulators/compute/instance-resource.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { isTransitional } from '#shared/domain/status.ts';
import type { Machine } from '#shared/gce/compute.ts';

/** What the console shows of a VM. */
export type Vm = Pick<
  Machine,
  'name' | 'zone' | 'status' | 'externalIp' | 'internalIp' | 'cloudId' | 'machineType' | 'labels' | 'createdAtMs'
> & { readonly metadataKeys: readonly string[] };

/** A VM of the Compute Engine emulator. */
export function vmOf(resource: InstanceResource): Vm {
  const [nic] = resource.networkInterfaces;
  return {
    name: resource.name,
    zone: lastPart(resource.zone),
    status: resource.status,
    externalIp: nic?.accessConfigs?.[0]?.natIP ?? '',
    internalIp: nic?.networkIP ?? '',
    cloudId: resource.id,
    machineType: lastPart(resource.machineType),
    labels: resource.labels ?? {},
    createdAtMs: Date.parse(resource.creationTimestamp),
    metadataKeys: (resource.metadata.items ?? []).map(({ key }) => key),
  };
}

/** A VM as the adapter to Compute Engine shows it. */
export function vmOfMachine({ metadata = {}, ...machine }: Machine): Vm {
  return { ...machine, metadataKeys: Object.keys(metadata) };
}

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

/** Every machine that has a record or a VM, the newest record first, VMs without a record before all. */
export function machineLines(records: readonly Instance[], machines: readonly Vm[]): readonly MachineLine[] {
  const vms = new Map(machines.map((machine) => [machine.name, machine]));
  const recorded = new Set(records.map(({ id }) => id));
  return [
    ...machines.filter(({ name }) => !recorded.has(name)).map((machine) => machineLine(undefined, machine)),
    ...[...records]
      .sort((a, b) => b.createdAtMs - a.createdAtMs)
      .map((record) => machineLine(record, vms.get(record.id))),
  ];
}

/** Those that contain the text in one of their words; all of them for an empty text. */
function matching(lines: readonly MachineLine[], text: string): readonly MachineLine[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return lines;
  return lines.filter((line) =>
    [line.id, line.displayName, line.customerId, line.zone, line.machineType, line.record, line.vm, line.reason]
      .concat(line.differences.length > 0 ? ['differs'] : [])
      .some((word) => word?.toLowerCase().includes(wanted) === true),
  );
}

/** Lines on a page of the table of machines. */
const PAGE_LINES = 50;

/** The page that a query asks for: `search`, `page` from 0. */
export function machinePage(lines: readonly MachineLine[], query: URLSearchParams) {
  const found = matching(lines, query.get('search') ?? '');
  const page = Math.max(0, Math.floor(Number(query.get('page') ?? 0)) || 0);
  const pages = Math.max(1, Math.ceil(found.length / PAGE_LINES));
  const shown = Math.min(page, pages - 1);
  return {
    total: found.length,
    page: shown,
    pages,
    lines: found.slice(shown * PAGE_LINES, (shown + 1) * PAGE_LINES),
  };
}

/** The newest operation first; those that have not ended before all others. */
export function operationLines(operations: readonly Operation[], limit: number): readonly Operation[] {
  const isOpen = ({ completedAtMs }: Operation) => (completedAtMs === null ? 1 : 0);
  return [...operations].sort((a, b) => isOpen(b) - isOpen(a) || b.createdAtMs - a.createdAtMs).slice(0, limit);
}

function machineLine(record: Instance | undefined, vm: Vm | undefined): MachineLine {
  return {
    id: record?.id ?? vm?.name ?? '',
    displayName: record?.displayName ?? '',
    customerId: record?.customerId ?? '',
    zone: record?.zone ?? vm?.zone ?? '',
    machineType: record?.machine.machineType ?? vm?.machineType ?? '',
    record: record?.status ?? null,
    vm: vm?.status ?? null,
    reason: record?.statusReason?.reason ?? null,
    queue: record?.queue.map(({ kind }) => kind) ?? [],
    differences: differences(record, vm),
  };
}

/** In words; empty while record and VM agree, or while the record says itself that it waits for the VM. */
export function differences(record: Instance | undefined, vm: Vm | undefined): readonly string[] {
  if (record === undefined) return ['There is no record of this VM.'];
  if (vm === undefined) return WITHOUT_VM.has(record.status) ? [] : ['There is no VM for this record.'];
  const found: string[] = [];
  if (record.status !== vm.status && !isTransitional(record.status)) {
    found.push(`Status: the record says ${record.status}, the VM is ${vm.status}.`);
  }
  if (record.machine.machineType !== vm.machineType) {
    found.push(`Machine type: the record says ${record.machine.machineType}, the VM has ${vm.machineType}.`);
  }
  if (record.cloudId !== '' && record.cloudId !== vm.cloudId) {
    found.push(`The VM is another one of the same name: its id is ${vm.cloudId}, the record says ${record.cloudId}.`);
  }
  return found;
}

function lastPart(url: string): string {
  return url.split('/').at(-1) ?? '';
}
