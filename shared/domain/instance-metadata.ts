/**
 * Metadata items of every VM. They disable OS Login, which a project can enable for all VMs and which makes Compute
 * Engine ignore a VM's `ssh-keys`; and they block project-wide keys, with which the platform's operators could log in
 * to customers' VMs. https://docs.cloud.google.com/compute/docs/connect/restrict-ssh-keys
 */
const ALWAYS: Readonly<Record<string, string>> = { 'block-project-ssh-keys': 'TRUE', 'enable-oslogin': 'FALSE' };

/**
 * Returns all metadata items of a VM. To be used for every insert and replacement, so that the common items are kept.
 */
export function instanceMetadata(own: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...own, ...ALWAYS };
}
