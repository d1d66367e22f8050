import type { Instance } from './instance.ts';
import type { Login } from './login.ts';
import type { EditVerb } from './operation.ts';

/**
 * What an accepted edit changes. Values that are `null` are taken away; what is not named stays as it is, also what was
 * put on the VM outside of this service.
 */
export interface InstanceEdit {
  readonly labels?: Readonly<Record<string, string | null>>;
  /** Metadata of the VM that says who may log in. */
  readonly metadata?: Readonly<Record<string, string | null>>;
  /** The same as the record remembers it. */
  readonly login?: Login;
  readonly deletionProtection?: boolean;
  /** Bare machine type. */
  readonly machineType?: string;
  /** The resource family's spec, as it reads once the edit is done. */
  readonly spec?: Instance['spec'];
}

/** A VM, as far as edits concern it. */
export interface EditedMachine {
  readonly machineType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deletionProtection: boolean;
}

/** A map after a merge patch (RFC 7396). */
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
 * The call that the edit still needs; `undefined` when the VM is as the edit wants it. One at a time: each call is seen to
 * have worked before the next is made.
 */
export function neededCall(edit: InstanceEdit, seen: EditedMachine): EditVerb | undefined {
  if (!isPatched(seen.labels, edit.labels)) return 'setLabels';
  if (!isPatched(seen.metadata ?? {}, edit.metadata)) return 'setMetadata';
  if ((edit.deletionProtection ?? seen.deletionProtection) !== seen.deletionProtection) return 'setDeletionProtection';
  if (edit.machineType !== undefined && !isSameType(edit.machineType, seen.machineType)) return 'setMachineType';
  return undefined;
}

/** An N1 custom type goes by two names. */
export function isSameType(a: string, b: string): boolean {
  const plain = (name: string) => name.replace(/^n1-custom-/, 'custom-');
  return plain(a) === plain(b);
}

/** What an edit changed, in stable words for the history: `labels, ssh_keys`. */
export function editedParts({ labels, metadata, deletionProtection, machineType }: InstanceEdit): string {
  const parts = [
    labels === undefined ? [] : ['labels'],
    metadata === undefined ? [] : ['ssh_keys'],
    deletionProtection === undefined ? [] : [deletionProtection ? 'protection_on' : 'protection_off'],
    machineType === undefined ? [] : ['machine_type'],
  ];
  return parts.flat().join(', ');
}

/** The record once an edit is done, but for what is adopted from the VM anyway. */
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
