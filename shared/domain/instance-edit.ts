import type { Instance } from './instance.ts';
import type { Login } from './login.ts';
import type { EditVerb } from './operation.ts';

/**
 * The changes of an accepted edit. Members that are `null` are removed; members that are not named stay unchanged,
 * including those set on the VM outside of this service.
 */
export interface InstanceEdit {
  readonly labels?: Readonly<Record<string, string | null>>;
  /** Changes of the VM's metadata that determines who may log in. */
  readonly metadata?: Readonly<Record<string, string | null>>;
  /** The same login in the form that the record stores. */
  readonly login?: Login;
  readonly deletionProtection?: boolean;
  /** Bare machine type. */
  readonly machineType?: string;
  /** The resource family's spec after the edit. */
  readonly spec?: Instance['spec'];
}

/** The properties of a VM that edits concern. */
export interface EditedMachine {
  readonly machineType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deletionProtection: boolean;
}

/** Returns a map after a merge patch (RFC 7396). */
export function patched(
  before: Readonly<Record<string, string>>,
  patch: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const entries = Object.entries({ ...before, ...patch });
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

function isPatched(
  map: Readonly<Record<string, string>>,
  patch: Readonly<Record<string, string | null>> | undefined,
): boolean {
  return Object.entries(patch ?? {}).every(([name, value]) => (map[name] ?? null) === value);
}

/**
 * Returns the next call that the edit needs; `undefined` when the VM has all its values. Calls are made one at a time:
 * each must be observed on the VM before the next is made.
 */
export function neededCall(edit: InstanceEdit, seen: EditedMachine): EditVerb | undefined {
  if (!isPatched(seen.labels, edit.labels)) return 'setLabels';
  if (!isPatched(seen.metadata ?? {}, edit.metadata)) return 'setMetadata';
  if ((edit.deletionProtection ?? seen.deletionProtection) !== seen.deletionProtection) return 'setDeletionProtection';
  if (edit.machineType !== undefined && !isSameType(edit.machineType, seen.machineType)) return 'setMachineType';
  return undefined;
}

/** Compares machine types; N1 custom types have two names (`n1-custom-…` and `custom-…`). */
export function isSameType(a: string, b: string): boolean {
  const plain = (name: string) => name.replace(/^n1-custom-/, 'custom-');
  return plain(a) === plain(b);
}

/** Lists the parts that an edit changed, as stable words for the history: `labels, ssh_keys`. */
export function editedParts({ labels, metadata, deletionProtection, machineType }: InstanceEdit): string {
  const parts = [
    labels === undefined ? [] : ['labels'],
    metadata === undefined ? [] : ['ssh_keys'],
    deletionProtection === undefined ? [] : [deletionProtection ? 'protection_on' : 'protection_off'],
    machineType === undefined ? [] : ['machine_type'],
  ];
  return parts.flat().join(', ');
}

/** Returns the record after an edit, except for values that are adopted from the observed VM anyway. */
export function withEdit(instance: Instance, edit: InstanceEdit): Instance {
  const { machine } = instance;
  return {
    ...instance,
    machine: { ...machine, metadata: edit.metadata ? patched(machine.metadata, edit.metadata) : machine.metadata },
    login: edit.login ?? instance.login,
    deletionProtection: edit.deletionProtection ?? instance.deletionProtection,
    spec: edit.spec === undefined ? instance.spec : edit.spec,
  };
}
