import type { InstancesClient } from '@google-cloud/compute';
import { type EditedMachine, type InstanceEdit, patched } from '#shared/domain/instance-edit.ts';
import type { EditVerb } from '#shared/domain/operation.ts';

/**
 * One call that changes a VM. Labels and metadata are replaced as a whole; the fingerprint makes the call fail if they
 * have changed since they were read.
 */
export type EditCall =
  | { readonly verb: 'setLabels'; readonly labels: Readonly<Record<string, string>>; readonly fingerprint: string }
  | { readonly verb: 'setMetadata'; readonly metadata: Readonly<Record<string, string>>; readonly fingerprint: string }
  | { readonly verb: 'setDeletionProtection'; readonly deletionProtection: boolean }
  | { readonly verb: 'setMachineType'; readonly machineType: string };

/** A VM as it was read, with the fingerprints of its labels and metadata. */
export interface Fingerprinted extends EditedMachine {
  readonly labelFingerprint?: string;
  readonly metadataFingerprint?: string;
}

/** Returns the call for one part of an edit, based on the observed VM: values that the edit does not name are kept. */
export function editCall(verb: EditVerb, edit: InstanceEdit, seen: Fingerprinted): EditCall {
  switch (verb) {
    case 'setLabels':
      return { verb, labels: patched(seen.labels, edit.labels ?? {}), fingerprint: seen.labelFingerprint ?? '' };
    case 'setMetadata': {
      const metadata = patched(seen.metadata ?? {}, edit.metadata ?? {});
      return { verb, metadata, fingerprint: seen.metadataFingerprint ?? '' };
    }
    case 'setDeletionProtection':
      return { verb, deletionProtection: edit.deletionProtection ?? seen.deletionProtection };
    case 'setMachineType':
      return { verb, machineType: edit.machineType ?? seen.machineType };
  }
}

interface Target {
  readonly project: string;
  readonly zone: string;
  readonly name: string;
  readonly requestId: string;
}

interface Options {
  readonly timeout: number;
  readonly maxRetries: number;
}

/** Sends the call. Success means only that it was accepted. */
export function sendEdit(
  call: EditCall,
  { project, zone, name, requestId }: Target,
  { instances, options }: { readonly instances: InstancesClient; readonly options: Options },
): Promise<readonly [unknown, ...unknown[]]> {
  const target = { project, zone, instance: name, requestId };
  switch (call.verb) {
    case 'setLabels': {
      const { labels, fingerprint: labelFingerprint } = call;
      const request = { ...target, instancesSetLabelsRequestResource: { labels: { ...labels }, labelFingerprint } };
      return instances.setLabels(request, options);
    }
    case 'setMetadata': {
      const items = Object.entries(call.metadata).map(([key, value]) => ({ key, value }));
      const request = { ...target, metadataResource: { items, fingerprint: call.fingerprint } };
      return instances.setMetadata(request, options);
    }
    case 'setDeletionProtection': {
      const { deletionProtection } = call;
      // Only this method has the VM's name in a parameter called `resource`.
      return instances.setDeletionProtection({ project, zone, resource: name, requestId, deletionProtection }, options);
    }
    case 'setMachineType': {
      const machineType = `zones/${zone}/machineTypes/${call.machineType}`;
      return instances.setMachineType({ ...target, instancesSetMachineTypeRequestResource: { machineType } }, options);
    }
  }
}
