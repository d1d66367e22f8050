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

/** Tiers of the walk: everything, nothing, one request a minute each, one instance, one GB; `gone` is in no catalogue. */
export const TIERS = ['walk', 'nothing', 'narrow', 'single', 'gone'] as const;
export type TierName = (typeof TIERS)[number];

/**
 * Callers of an endpoint. All endpoints share them, because making one takes longer than most provocations: to the process of
 * an endpoint, which remembers callers, each is new when it first comes.
 */
export interface Callers {
  /** May do what the contract asks for. */
  readonly able: Walker;
  /** Comes to an endpoint only while its store fails, so that it is looked up anew each time. */
  readonly unseen: Walker;
  readonly of: (tier: TierName) => Promise<Walker>;
  /** One whom no other endpoint meets. */
  readonly make: (options: { readonly tier?: TierName; readonly admin?: boolean }) => Promise<Walker>;
}

/** Where one reason is to be provoked: an endpoint, and who can call it. */
export interface Scene {
  readonly contract: Contract;
  /** Another one, by its name. */
  readonly contracts: (name: string) => Contract;
  readonly stage: Stage;
  readonly callers: Callers;
}

/** Brings an endpoint to answer with one reason; does more than one request where it takes more. */
export type Provocation = (scene: Scene) => Promise<unknown>;
export type Provocations = Readonly<Partial<Record<Reason, Provocation>>>;

export function keyOf({ contract }: Scene, walker: Walker): Headers {
  return credentialOf(contract, walker);
}

/** One request of the able caller, about things that do not exist where nothing else is said. */
export function ask(scene: Scene, asked: Partial<Asked> = {}): Promise<WireReply> {
  return scene.stage.ask(scene.contract, { headers: keyOf(scene, scene.callers.able), ...asked });
}

/** A request of a caller on this tier. */
export async function askOn(scene: Scene, tier: TierName): Promise<void> {
  await ask(scene, { headers: keyOf(scene, await scene.callers.of(tier)) });
}

/** A key of a walker's project, on record. */
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

/** A dead letter about an operation, on record. */
export async function deadLetter({ stage }: Scene, operationId: string, instanceId: string): Promise<string> {
  const id = `letter-${stage.next()}`;
  const recordedAtMs = stage.world.time.nowMs();
  const letter = { operationId, instanceId, messageId: id, data: '', attributes: {}, recordedAtMs };
  await stage.accounts.store.write([put(DEAD_LETTER, id, letter)]);
  return id;
}

/** Things of the caller that exist: what the endpoint's path or query names, in a state in which it can be changed. */
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
      // The fleet's batch names its instances in the body.
      return contract.name === 'fleet-instances-update' ? stage.instance(owner) : { project };
  }
}
