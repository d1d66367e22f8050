import type { Instance } from './instance.ts';

/** Parts of the catalogue that instances are made from. */
export type UsedPart =
  'template' | 'config' | 'server type' | 'image' | 'network' | 'subnet' | 'security group' | 'ssh key';

/** How a use is written in the index of instances: `template/ubuntu-22-standard`. */
export function usePath(part: UsedPart, id: string): string {
  return `${part}/${id}`;
}

/** Members of a resource-family spec that name an entry of the catalogue, or a list of them. */
const SPEC_PARTS: readonly (readonly [member: string, part: UsedPart])[] = [
  ['type', 'server type'],
  ['image', 'image'],
  ['vpc_id', 'network'],
  ['subnet_id', 'subnet'],
  ['security_groups', 'security group'],
  ['ssh_key_ids', 'ssh key'],
];

/**
 * The entries of the catalogue that an instance was made from. An instance keeps all it needs itself, but users read
 * these ids, so what they name must not vanish.
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
