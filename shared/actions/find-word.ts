import { API_KEY, CUSTOMER, PROJECT, USER } from '#shared/datastore/account-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { DEAD_LETTER, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import { ORPHAN_DISK, VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { idOf } from '#shared/domain/fids.ts';
import { sshKeyIdOf } from '#shared/domain/project-ssh-key.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { scanInstances } from './scan-instances.ts';

/** A record that matches the searched word. */
export interface Found {
  readonly what:
    | 'instance'
    | 'operation'
    | 'customer'
    | 'user'
    | 'project'
    | 'key'
    | 'SSH key'
    | 'volume'
    | 'spot bid'
    | 'dead letter'
    | 'orphaned VM'
    | 'orphaned disk';
  readonly text: string;
  /** The operators' command that shows more about it. */
  readonly next: string;
}

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:]+)$/i;

/**
 * Finds every record with this id or address; the fleet family's ids (`inst_…`) are understood too. Ids of errors and
 * requests are only in the logs, so they are not found.
 */
export async function findWord(word: string, { store }: Pick<Tools, 'store'>): Promise<readonly Found[]> {
  if (ADDRESS.test(word)) return byAddress(word, { store });
  const id = plainId(word);
  // Datastore rejects key names of more than 500 characters (1,500 bytes); no id is that long.
  if (id === '' || id.length > 500) return [];
  const [people, things] = await Promise.all([peopleOf(id, store), thingsOf(id, store)]);
  return [...things, ...people];
}

/** Returns the id that rows are stored by. */
function plainId(word: string): string {
  const kinds = ['instance', 'user', 'volume', 'apiKey'] as const;
  const ids = [...kinds.map((kind) => idOf(kind, word)), sshKeyIdOf(word)];
  return ids.find((id) => id !== undefined) ?? word;
}

/** Finds accounts, projects and keys. */
async function peopleOf(id: string, store: Tools['store']): Promise<readonly Found[]> {
  const [customer, user, project, key, sshKey] = await store.getAll([
    ref(CUSTOMER, id),
    ref(USER, id),
    ref(PROJECT, id),
    ref(API_KEY, id),
    ref(PROJECT_SSH_KEY, id),
  ]);
  const found: Found[] = [];
  if (customer !== undefined) {
    const { name, tier } = customer.value;
    found.push({ what: 'customer', text: `${name}, on tier ${tier}`, next: `customers show ${id}` });
  }
  if (user !== undefined) {
    const { name, customerId } = user.value;
    const text = `${name || 'without a name'}, of ${customerId}`;
    found.push({ what: 'user', text, next: `instances list --user ${id}` });
  }
  if (project !== undefined) {
    const { name, customerId } = project.value;
    found.push({ what: 'project', text: `${name}, of ${customerId}`, next: `customers show ${customerId}` });
  }
  if (key !== undefined) {
    const { name, userId, customerId } = key.value;
    found.push({ what: 'key', text: `${name}, of user ${userId}`, next: `customers show ${customerId}` });
  }
  if (sshKey !== undefined) {
    const { name, userId, customerId, fingerprint } = sshKey.value;
    const text = `${name}, ${fingerprint}, stored by user ${userId} of ${customerId}`;
    found.push({ what: 'SSH key', text, next: `audit list --object "ssh_key ${id}"` });
  }
  return found;
}

/** Finds machines, disks and what was asked of them. */
async function thingsOf(id: string, store: Tools['store']): Promise<readonly Found[]> {
  const [instance, operation, volume, bid, letter, orphan, disk] = await store.getAll([
    ref(INSTANCE, id),
    ref(OPERATION, id),
    ref(VOLUME, id),
    ref(BID, id),
    ref(DEAD_LETTER, id),
    ref(ORPHAN, id),
    ref(ORPHAN_DISK, id),
  ]);
  const found: Found[] = [];
  if (instance !== undefined) {
    const { status, customerId, zone } = instance.value;
    found.push({ what: 'instance', text: `${status}, of ${customerId}, in ${zone}`, next: `instances show ${id}` });
  }
  if (operation !== undefined) {
    const { kind, instanceId, state, error } = operation.value;
    const why = error === null ? '' : ` (${error.reason}: ${error.message})`;
    found.push({ what: 'operation', text: `${kind} of ${instanceId}, ${state}${why}`, next: `operations show ${id}` });
  }
  if (volume !== undefined) {
    const { name, customerId, zone } = volume.value;
    found.push({ what: 'volume', text: `${name}, of ${customerId}, in ${zone}`, next: `customers show ${customerId}` });
  }
  if (bid !== undefined) {
    const { phase, customerId } = bid.value;
    found.push({ what: 'spot bid', text: `${phase}, of ${customerId}`, next: `customers show ${customerId}` });
  }
  if (letter !== undefined) {
    const { instanceId } = letter.value;
    found.push({ what: 'dead letter', text: `about ${instanceId || 'no instance'}`, next: `dead-letters show ${id}` });
  }
  if (orphan !== undefined) {
    const { why, deleteAtMs } = orphan.value;
    const text = `${why}, deleted from ${new Date(deleteAtMs).toISOString()} on`;
    found.push({ what: 'orphaned VM', text, next: 'doctor' });
  }
  if (disk !== undefined) {
    const text = `in ${disk.value.zone}, found ${new Date(disk.value.foundAtMs).toISOString()}`;
    found.push({ what: 'orphaned disk', text, next: 'sweep status' });
  }
  return found;
}

async function byAddress(address: string, tools: Pick<Tools, 'store'>): Promise<readonly Found[]> {
  const { instances } = await scanInstances({ address }, { limit: 300 }, tools);
  return instances.map(({ id, status, customerId }): Found => ({
    what: 'instance',
    text: `${id}: ${status}, of ${customerId}`,
    next: `instances show ${id}`,
  }));
}
