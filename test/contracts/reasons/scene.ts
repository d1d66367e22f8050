import type { Contract } from '#shared/contracts/contract.ts';
import { SUSPENSION } from '#shared/datastore/account-rows.ts';
import { DEAD_LETTER } from '#shared/datastore/bookkeeping-rows.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { WireReply } from '#shared/contracts/reply.ts';
import { newSshKeyId, type ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import type { Reason } from '#shared/domain/reasons.ts';
import { EXAMPLE_PUBLIC_KEY } from '#shared/contracts/common/ssh-key-fields.ts';
import { before, credentialOf, type Subjects, subjectOf } from '#test/support/contract-samples.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import type { Walker } from '#test/support/walk-accounts.ts';
import type { Asked, Headers, Stage } from './stage.ts';

/**
 * Tiers of the callers: without limits, with nothing allowed, one request a minute per operation, one instance,
 * volumes of 5 GB together; `gone` is in no catalogue.
 */
export const TIERS = ['walk', 'nothing', 'narrow', 'single', 'few-gb', 'gone'] as const;
export type TierName = (typeof TIERS)[number];

/**
 * The callers of an endpoint. All endpoints share them, because creating one takes longer than most provocations. For
 * the process of each endpoint, which caches callers, every caller is new at first.
 */
export interface Callers {
  /** A caller who may do what the contract describes. */
  readonly able: Walker;
  /** A caller who is used only while the store of an endpoint fails: no process has this caller in its cache, so each asks the store. */
  readonly unseen: Walker;
  readonly of: (tier: TierName) => Promise<Walker>;
  /** Creates a caller whom no other endpoint uses. */
  readonly make: (options: { readonly tier?: TierName; readonly admin?: boolean }) => Promise<Walker>;
}

/** The surroundings of a provocation: an endpoint and its callers. */
export interface Scene {
  readonly contract: Contract;
  /** Returns another contract by its name. */
  readonly contracts: (name: string) => Contract;
  readonly stage: Stage;
  readonly callers: Callers;
}

/** Makes an endpoint reply with one reason, by one or several requests. */
export type Provocation = (scene: Scene) => Promise<unknown>;
export type Provocations = Readonly<Partial<Record<Reason, Provocation>>>;

export function keyOf({ contract }: Scene, walker: Walker): Headers {
  return credentialOf(contract, walker);
}

/** Sends a request of the able caller, by default about things that do not exist. */
export function ask(scene: Scene, asked: Partial<Asked> = {}): Promise<WireReply> {
  return scene.stage.ask(scene.contract, { headers: keyOf(scene, scene.callers.able), ...asked });
}

/** Sends a request of a caller on this tier. */
export async function askOn(scene: Scene, tier: TierName): Promise<void> {
  await ask(scene, { headers: keyOf(scene, await scene.callers.of(tier)) });
}

/** Stores a key in a walker's project. */
export async function storedKey({ stage }: Scene, owner: Walker): Promise<ProjectSshKey> {
  const atMs = stage.world.time.nowMs();
  const { userId, customerId, project } = owner;
  const key: ProjectSshKey = {
    id: newSshKeyId(atMs, seededRandom(stage.next())),
    ...{ userId, customerId, project, name: 'walk', publicKey: EXAMPLE_PUBLIC_KEY, fingerprint: 'SHA256:walk' },
    ...{ isDefault: false, required: false, labels: {}, createdAtMs: atMs },
  };
  await stage.accounts.store.write([put(PROJECT_SSH_KEY, key.id, key)]);
  return key;
}

/** Stores a dead letter about an operation, and returns its id. */
export async function deadLetter({ stage }: Scene, operationId: string, instanceId: string): Promise<string> {
  const id = `letter-${stage.next()}`;
  const recordedAtMs = stage.world.time.nowMs();
  const letter = { operationId, instanceId, messageId: id, data: '', attributes: {}, recordedAtMs };
  await stage.accounts.store.write([put(DEAD_LETTER, id, letter)]);
  return id;
}

/** Creates what the endpoint's path or query names, in a state in which it can be changed. */
export async function existing(scene: Scene, owner: Walker = scene.callers.able): Promise<Partial<Subjects>> {
  const { contract, stage } = scene;
  const project = owner.project;
  switch (subjectOf(contract)) {
    case 'instance':
      return stage.instance(owner, { status: before(contract) === 'stop' ? 'TERMINATED' : 'RUNNING' });
    case 'operation':
      return stage.operation(owner);
    case 'ssh-key':
      return { project, sshKeyId: (await storedKey(scene, owner)).id };
    case 'volume':
      return { project, volume: (await stage.volume(owner)).fid };
    case 'bid':
      return { project, bid: (await stage.bid(owner, { phase: 'paused' })).id };
    case 'customer':
      await stage.accounts.store.write([
        put(SUSPENSION, owner.customerId, { reason: 'Walked.', sinceMs: 0, by: 'walk' }),
      ]);
      return { project, customerId: owner.customerId };
    case 'api-key':
      return { project, fleetApiKey: `apikey_${(owner.key['api-key'] ?? '').replace('ak_live_', '')}` };
    case 'dead-letter': {
      const { operationId, instanceId } = await stage.operation(owner);
      return { project, deadLetterId: await deadLetter(scene, operationId, instanceId) };
    }
    case undefined:
      // The fleet family's batch names its instances in the body.
      return contract.name === 'fleet-instances-update' ? stage.instance(owner) : { project };
  }
}
