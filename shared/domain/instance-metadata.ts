/**
 * Metadata items that every VM has. With OS Login, which a project may switch on for all its VMs, Compute Engine ignores the
 * `ssh-keys` of a VM; and the keys of the project would let its operators into customers' VMs.
 * https://docs.cloud.google.com/compute/docs/connect/restrict-ssh-keys
 */
const ALWAYS: Readonly<Record<string, string>> = { 'block-project-ssh-keys': 'TRUE', 'enable-oslogin': 'FALSE' };

/** All metadata items of a VM, from the items of its own; also to be sent when those are replaced. */
export function instanceMetadata(own: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...own, ...ALWAYS };
}
