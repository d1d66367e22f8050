import { SERVER_TYPE } from '#shared/datastore/catalog-rows.ts';
import { ALL_SERVER_TYPES, ALL_TEMPLATES } from '#shared/datastore/queries.ts';
import type { Shape } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { DEPLOYMENT_LABEL } from '#shared/domain/deployment-label.ts';
import { Failure } from '#shared/domain/failure.ts';
import { type InstanceEdit, patched } from '#shared/domain/instance-edit.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { imageUser, loginMetadata, SSH_KEYS } from '#shared/domain/login.ts';
import { nearestText } from '#shared/domain/nearest.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { serverTypeByCloudName } from './offered-by-cloud-name.ts';
import { unknownIdProblem } from './nearest-in-catalog.ts';
import { keysForInstance } from './keys-for-instance.ts';

/** The edit that a caller requests, independent of the API family. */
export interface EditWish {
  readonly caller: Principal;
  readonly labels: Readonly<Record<string, string | null>> | undefined;
  readonly sshKeyIds: readonly string[] | undefined;
  readonly deletionProtection: boolean | undefined;
  /**
   * Resolves the new machine type and the matching changes to the spec; `undefined` leaves the machine type unchanged.
   */
  readonly size: ((instance: Instance) => Promise<Pick<InstanceEdit, 'machineType' | 'spec'>>) | undefined;
  /** JSON pointers of the members in the family's request body, for error messages. */
  readonly members: { readonly labels: string; readonly sshKeyIds: string };
  readonly refusal: 'invalid_request' | 'unprocessable';
}

/** Compute Engine allows 64 labels, and the service itself sets one of them. */
const LABELS_MAX = 63;

/** Converts a request to the edit of this instance. Throws the family's `refusal` if a label or key is not possible. */
export async function editOf(wish: EditWish, instance: Instance, store: Store): Promise<InstanceEdit> {
  requireLabels(wish, instance);
  const keys = wish.sshKeyIds === undefined ? {} : await keysEdit(wish, instance, store);
  const size: Pick<InstanceEdit, 'machineType' | 'spec'> = (await wish.size?.(instance)) ?? {};
  const spec = specOf(instance, { ...(wish.sshKeyIds && { ssh_key_ids: wish.sshKeyIds }), ...size.spec });
  return {
    ...(wish.labels === undefined ? {} : { labels: wish.labels }),
    ...keys,
    ...(wish.deletionProtection === undefined ? {} : { deletionProtection: wish.deletionProtection }),
    ...(size.machineType === undefined ? {} : { machineType: size.machineType }),
    ...(spec === undefined ? {} : { spec }),
  };
}

function requireLabels({ labels = {}, members, refusal }: EditWish, { machine }: Instance): void {
  if (Object.hasOwn(labels, DEPLOYMENT_LABEL)) {
    throw refused(refusal, `${members.labels}/${DEPLOYMENT_LABEL}`, 'is a label of the service itself');
  }
  const count = Object.keys(patched(machine.labels, labels)).length;
  if (count > LABELS_MAX)
    throw refused(refusal, members.labels, `amount to ${count} labels; ${LABELS_MAX} are possible`);
}

async function keysEdit(wish: EditWish, instance: Instance, store: Store): Promise<InstanceEdit> {
  const { caller, sshKeyIds: ids, members, refusal } = wish;
  const { keys, unknown } = await keysForInstance({ caller, project: instance.project, ids }, store);
  const [first] = unknown;
  if (first !== undefined) {
    const named = unknown.map(({ id }) => JSON.stringify(id)).join(', ');
    throw refused(refusal, `${members.sshKeyIds}/${first.index}`, `names keys that you cannot use: ${named}`);
  }
  const { machine, login } = instance;
  const user = login.user === '' ? imageUser(machine) : login.user;
  const metadata = loginMetadata(keys, user);
  return {
    metadata: { [SSH_KEYS]: metadata[SSH_KEYS] ?? null },
    login: { user, keyIds: keys.map(({ id }) => id) },
  };
}

/**
 * Returns the spec of the resource family after the edit, in which `null` removes a member; `undefined` without changes,
 * and for instances of other families, which have no spec.
 */
function specOf({ spec }: Instance, changes: Readonly<Record<string, unknown>>): Instance['spec'] | undefined {
  if (spec === null || Object.keys(changes).length === 0) return undefined;
  return Object.fromEntries(Object.entries({ ...spec, ...changes }).filter(([, value]) => value !== null));
}

function refused(kind: EditWish['refusal'], pointer: string, message: string): Failure {
  const text = `The request is not possible: body${pointer.replaceAll('/', '.')} ${message}.`;
  const fields = [{ place: 'body', pointer, message, rule: 'catalog' }] as const;
  return kind === 'invalid_request'
    ? new Failure(kind, text, { reason: 'edit_not_possible', fields })
    : new Failure(kind, text, { reason: 'spec_not_possible', fields });
}

const TEMPLATES_PATH = '/api/compute/v1/templates';

/** Checks that a machine type is in the catalogue. Throws `invalid_request` for one that the caller cannot order. */
export async function offeredMachineType(
  machineType: string,
  caller: Principal,
  store: Pick<Store, 'query'>,
): Promise<{ readonly machineType: string }> {
  const [templates, types] = await Promise.all([all(ALL_TEMPLATES, store), all(ALL_SERVER_TYPES, store)]);
  const usable = types.filter(({ customerId }) => customerId === '' || customerId === caller.customerId);
  const offered = [...new Set([...templates, ...usable].map((entry) => entry.machineType))].toSorted();
  if (offered.includes(machineType)) return { machineType };
  const near = nearestText(machineType, offered).replace(/\.$/, '');
  throw refused('invalid_request', '/machine_type', `is not offered. ${near}; GET ${TEMPLATES_PATH} lists all`);
}

/**
 * Returns the server type's machine type and the matching changes to the spec. Also takes the machine type itself, as
 * which instances of other families are shown. Throws `unprocessable` for an unknown type.
 */
export async function serverTypeSize(
  type: string,
  caller: Principal,
  store: Pick<Store, 'get' | 'query'>,
): Promise<Pick<InstanceEdit, 'machineType' | 'spec'>> {
  const row = /^[a-z][a-z0-9._-]{0,62}$/.test(type) ? await store.get(ref(SERVER_TYPE, type)) : undefined;
  const named = row !== undefined && ['', caller.customerId].includes(row.value.customerId) ? row.value : undefined;
  const found = named ?? (await serverTypeByCloudName(type, caller.customerId, store));
  if (found === undefined) {
    const { pointer, message } = await unknownIdProblem({ pointer: '/spec/type', id: type }, caller.customerId, store);
    throw refused('unprocessable', pointer, message);
  }
  // Custom CPUs and memory in the spec belonged to the former type, so they are removed.
  return { machineType: found.machineType, spec: { type, vcpus: null, memory_mb: null } };
}

/** Operators write the catalogue, so one page of this size holds a whole kind. */
const PAGE_SIZE = 500;

async function all<T>(shape: Shape<T>, store: Pick<Store, 'query'>): Promise<readonly T[]> {
  return (await store.query(shape, {}, { limit: PAGE_SIZE })).rows.map(({ value }) => value);
}
