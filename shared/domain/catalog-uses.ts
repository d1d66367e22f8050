import type { Instance } from './instance.ts';

/** Parts of the catalogue from which instances can be created. */
export type UsedPart =
  'template' | 'config' | 'server type' | 'image' | 'network' | 'subnet' | 'security group' | 'ssh key';

/** Returns the index value that stands for a use: `template/ubuntu-22-standard`. */
export function usePath(part: UsedPart, id: string): string {
  return `${part}/${id}`;
}

/** Members of a resource-family spec that contain the id (or ids) of a catalogue entry. */
const SPEC_PARTS: readonly (readonly [member: string, part: UsedPart])[] = [
  ['type', 'server type'],
  ['image', 'image'],
  ['vpc_id', 'network'],
  ['subnet_id', 'subnet'],
  ['security_groups', 'security group'],
  ['ssh_key_ids', 'ssh key'],
];

/**
 * Returns the catalogue entries that an instance was created from. The instance does not depend on them, but users see
 * these ids, so the entries must not be removed.
 */
export function catalogUses(instance: Pick<Instance, 'templateId' | 'configId' | 'spec'>): readonly string[] {
  const uses: string[] = [];
  if (instance.templateId !== '') uses.push(usePath('template', instance.templateId));
  if (instance.configId !== '') uses.push(usePath('config', instance.configId));
  for (const [member, part] of SPEC_PARTS) {
    const named = instance.spec?.[member];
    const ids: readonly unknown[] = Array.isArray(named) ? named : [named];
    for (const id of ids) if (typeof id === 'string' && id !== '') uses.push(usePath(part, id));
  }
  return [...new Set(uses)];
}
