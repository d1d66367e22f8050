import { API_KEY, CUSTOMER, USER } from '#shared/datastore/account-rows.ts';
import { DEAD_LETTER, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { scanInstances } from './scan-instances.ts';

/** A record that matches the searched word. */
export interface Found {
  readonly what: 'instance' | 'operation' | 'customer' | 'user' | 'key' | 'dead letter' | 'orphaned VM';
  readonly text: string;
  /** The operators' command that shows more about it. */
  readonly next: string;
}

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]+)$/i;

/**
 * Finds every record with this id or address. Ids of errors and requests are only in the logs, so they are not found.
 */
export async function findWord(word: string, { store }: Pick<Tools, 'store'>): Promise<readonly Found[]> {
  if (ADDRESS.test(word)) return byAddress(word, { store });
  // Datastore rejects key names of more than 500 characters (1,500 bytes); no id is that long.
  if (word === '' || word.length > 500) return [];
  const [instance, operation, customer, user, key, letter, orphan] = await store.getAll([
    ref(INSTANCE, word),
    ref(OPERATION, word),
    ref(CUSTOMER, word),
    ref(USER, word),
    ref(API_KEY, word),
    ref(DEAD_LETTER, word),
    ref(ORPHAN, word),
  ]);
  const found: Found[] = [];
  if (instance !== undefined) {
    const { status, customerId, zone } = instance.value;
    found.push({ what: 'instance', text: `${status}, of ${customerId}, in ${zone}`, next: `instances show ${word}` });
  }
  if (operation !== undefined) {
    const { kind, instanceId, state, error } = operation.value;
    const why = error === null ? '' : ` (${error.reason}: ${error.message})`;
    found.push({
      what: 'operation',
      text: `${kind} of ${instanceId}, ${state}${why}`,
      next: `operations show ${word}`,
    });
  }
  if (customer !== undefined) {
    const { name, tier } = customer.value;
    found.push({ what: 'customer', text: `${name}, on tier ${tier}`, next: `customers show ${word}` });
  }
  if (user !== undefined) {
    const { name, customerId } = user.value;
    found.push({
      what: 'user',
      text: `${name || 'without a name'}, of ${customerId}`,
      next: `instances list --user ${word}`,
    });
  }
  if (key !== undefined) {
    const { name, userId, customerId } = key.value;
    found.push({ what: 'key', text: `${name}, of user ${userId}`, next: `customers show ${customerId}` });
  }
  if (letter !== undefined) {
    const { instanceId } = letter.value;
    found.push({
      what: 'dead letter',
      text: `about ${instanceId || 'no instance'}`,
      next: `dead-letters show ${word}`,
    });
  }
  if (orphan !== undefined) {
    const { why, deleteAtMs } = orphan.value;
    const text = `${why}, deleted from ${new Date(deleteAtMs).toISOString()} on`;
    found.push({ what: 'orphaned VM', text, next: 'doctor' });
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
