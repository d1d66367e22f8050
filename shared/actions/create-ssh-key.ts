import { auditWrite } from '#shared/datastore/audit-rows.ts';
import { SSH_KEYS_HELD } from '#shared/datastore/queries.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import { insert } from '#shared/datastore/write.ts';
import { isAdmin } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { holderOf, newSshKeyId, type ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { parseSshPublicKey, type SshPublicKey } from '#shared/domain/ssh-public-key.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type AskedBy, auditorOf } from './audit-operation.ts';
import { sshKeyOwner } from './ssh-key-owner.ts';

export interface CreateSshKeyRequest extends AskedBy {
  readonly caller: Principal;
  /** Fid; `undefined` stands for the caller's default project. */
  readonly project: string | undefined;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly publicKey: string;
  readonly isDefault: boolean;
  /** Only administrators may set this to true. */
  readonly required: boolean;
  /** JSON pointer to the public key in the request body; it differs between API families. */
  readonly pointer: string;
}

/** Maximum number of keys per project: a create reads all keys that the project gives to its instances. */
const KEYS_MAX = 200;

/** Stores a public key. Neither the name nor the key has to be unique: every call adds a row with its own id. */
export async function createSshKey(
  request: CreateSshKeyRequest,
  tools: Pick<Tools, 'store' | 'nowMs' | 'random'>,
): Promise<ProjectSshKey> {
  const { store, nowMs, random } = tools;
  const { caller } = request;
  const parsed = requirePublicKey(request);
  if (request.required && !isAdmin(caller)) {
    throw new Failure('forbidden', 'Only an administrator may make a key a required one.', { reason: 'role_missing' });
  }
  const owner = await sshKeyOwner(caller, request.project, store);
  await requireRoomForKey(holderOf(owner), store);
  const atMs = nowMs();
  const key: ProjectSshKey = {
    ...owner,
    id: newSshKeyId(atMs, random),
    name: request.name,
    publicKey: parsed.line,
    fingerprint: parsed.fingerprint,
    isDefault: request.isDefault,
    required: request.required,
    labels: request.labels,
    createdAtMs: atMs,
  };
  const { name, project, fingerprint, isDefault, required } = key;
  const entry = auditWrite(auditorOf(request, tools), {
    action: 'ssh_key.create',
    object: `ssh_key ${key.id}`,
    after: { name, project, customerId: key.customerId, fingerprint, isDefault, required },
  });
  await store.change(async () => ({ writes: [insert(PROJECT_SSH_KEY, key.id, key), entry], result: undefined }));
  return key;
}

function requirePublicKey({ publicKey, pointer }: CreateSshKeyRequest): SshPublicKey {
  const parsed = parseSshPublicKey(publicKey);
  if (parsed.valid) return parsed.key;
  const { message } = parsed;
  throw new Failure('invalid_request', `The request is not valid: body${pointer.replaceAll('/', '.')} ${message}.`, {
    reason: 'invalid_public_key',
    fields: [{ place: 'body', pointer, message, rule: 'ssh_public_key' }],
  });
}

/** Throws `quota_exceeded` at the limit. Concurrent calls can exceed it by a few keys, which does no harm. */
async function requireRoomForKey(holder: string, store: Pick<Tools['store'], 'count'>): Promise<void> {
  const count = await store.count(SSH_KEYS_HELD, { holder: { stringValue: holder } });
  if (count < KEYS_MAX) return;
  throw new Failure('quota_exceeded', `The project has ${KEYS_MAX} SSH keys, which is the most. Delete one first.`, {
    reason: 'too_many_ssh_keys',
  });
}
