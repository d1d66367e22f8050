import { NETWORK_CONFIG, TEMPLATE } from '#shared/datastore/catalog-rows.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import { put, ref, remove, type Write } from '#shared/datastore/write.ts';
import type { Instance, OperationKind } from '#shared/domain/instance.ts';
import { sshKeyFid } from '#shared/domain/project-ssh-key.ts';
import { ABSENT, before, sampleOf } from '#test/support/contract-samples.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { ask, deadLetter, keyOf, type Provocations, type Scene, storedKey } from './scene.ts';

// Provokes refusals of actions on instances, keys and operations.

async function aboutInstance(scene: Scene, overrides: Partial<Instance>): Promise<void> {
  await ask(scene, { subjects: await scene.stage.instance(scene.callers.able, overrides) });
}

/** Sends a request about a bid that holds one instance. */
async function aboutBid(scene: Scene, overrides: Partial<Instance>, asked: { readonly body?: object } = {}) {
  const { able } = scene.callers;
  const { instanceId } = await scene.stage.instance(able, overrides);
  const held = { phase: 'held', quantity: 1, instances: [instanceId], launched: true } as const;
  const { id } = await scene.stage.bid(able, held);
  await ask(scene, { subjects: { bid: id, project: able.project }, ...asked });
}

const queueOf = (...kinds: readonly OperationKind[]) => kinds.map((kind, index) => ({ id: `op-${index}`, kind }));
const times = (count: number, ...kinds: readonly OperationKind[]) => Array.from({ length: count }, () => kinds).flat();

const LOCAL_SSD = { machine: { ...anInstance().machine, localSsds: 1 } };
const TEMPLATE_ID = 'ubuntu-22-standard';
/** Maximum number of keys of a project. */
const KEYS_MAX = 200;

/** Returns the body of a change to another machine type, in the family's words; only edits have such a body. */
function resizing({ contract }: Scene): object {
  return contract.family === 'resource' ? { spec: { type: 'cx41' } } : { machine_type: 'n1-standard-4' };
}

/** Sends a request about an operation that is in the wrong state for a repair. */
async function aboutOperation(scene: Scene, overrides: Parameters<Scene['stage']['operation']>[1]): Promise<void> {
  const { able } = scene.callers;
  const subjects = await scene.stage.operation(able, overrides);
  const deadLetterId = await deadLetter(scene, subjects.operationId, subjects.instanceId);
  await ask(scene, { subjects: { ...subjects, deadLetterId } });
}

const CALL = {
  verb: 'stop',
  requestId: '00000000-0000-4000-8000-000000000000',
  askedAtMs: 0,
  zoneOperation: null,
  done: false,
  mayBeApplied: true,
} as const;

export const INSTANCE_PROVOCATIONS: Provocations = {
  instance_not_found: (scene) => ask(scene),
  operation_not_found: (scene) => ask(scene),
  dead_letter_not_found: (scene) => ask(scene),
  unknown_customer: (scene) => ask(scene),
  ssh_key_not_found: (scene) => {
    const { able } = scene.callers;
    const body = { ...(sampleOf(scene.contract, { ...ABSENT, project: able.project }).body as object) };
    const launch = { launch_specification: { volumes: [], ssh_keys: [sshKeyFid(ABSENT.sshKeyId)] } };
    const asked = scene.contract.name === 'fleet-spot-bids-create' ? { body: { ...body, ...launch } } : {};
    return ask(scene, { subjects: { project: able.project }, ...asked });
  },
  no_instances: async (scene) => ask(scene, { headers: keyOf(scene, await scene.callers.make({})) }),
  template_not_found: (scene) =>
    scene.contract.body === null
      ? ask(scene, { path: scene.contract.path.replace('{id}', 'ubuntu-22-standrad') })
      : ask(scene, { body: { template_id: 'ubuntu-22-standrad', config_id: 'default-network' } }),
  template_not_possible: async (scene) => {
    const { store } = scene.stage.accounts;
    const row = await store.get(ref(TEMPLATE, TEMPLATE_ID));
    if (row === undefined) throw new Error('There is no template.');
    const small = { ...row.value, id: 'too-small', diskSizeGb: 1 };
    await store.write([put(TEMPLATE, small.id, small)]);
    await ask(scene, { body: { template_id: small.id, config_id: 'default-network' } });
  },
  config_not_found: async (scene) => {
    if (scene.contract.body !== null) {
      await ask(scene, { body: { template_id: TEMPLATE_ID, config_id: 'default' } });
      return;
    }
    await withoutDefaultNetwork(scene);
  },
  default_network_missing: (scene) => withoutDefaultNetwork(scene),
  spec_not_possible: async (scene) => {
    const { able } = scene.callers;
    const subjects = await scene.stage.instance(able, { status: 'TERMINATED' });
    const spec = { type: 'cx13' };
    const body =
      scene.contract.method === 'PATCH'
        ? { spec }
        : { metadata: { name: 'web' }, spec: { ...spec, image: 'ubuntu-2204' } };
    await ask(scene, { subjects, body });
  },
  edit_not_possible: async (scene) => {
    const subjects = await scene.stage.instance(scene.callers.able, { status: 'TERMINATED' });
    await ask(scene, { subjects, body: { machine_type: 'n1-standard-3' } });
  },
  instance_changed: async (scene) => {
    const { able } = scene.callers;
    const headers = { ...keyOf(scene, able), 'if-match': '"0cc175b9c0f1b6a831c399e269772661"' };
    await ask(scene, { headers, subjects: await scene.stage.instance(able) });
  },
  ordered_instance: async (scene) => {
    const subjects = await scene.stage.instance(scene.callers.able, { status: 'TERMINATED', bid: 'bid_000000000000' });
    await ask(scene, { subjects, body: resizing(scene) });
  },
  deletion_protected: async (scene) => {
    if (scene.contract.name === 'fleet-spot-bids-cancel') {
      await aboutBid(scene, { deletionProtection: true });
      return;
    }
    await aboutInstance(scene, { deletionProtection: true });
  },
  no_virtual_machine: (scene) => aboutInstance(scene, {}),
  wrong_state: (scene) => aboutInstance(scene, { status: 'ERROR' }),
  too_many_operations: async (scene) => {
    if (scene.contract.name === 'fleet-spot-bids-update') {
      await aboutBid(scene, { queue: queueOf(...times(8, 'stop', 'start')) }, { body: { paused: true } });
      return;
    }
    // Strict endpoints refuse an instance that is already in the wanted status, so the last queued operation leads to
    // another one.
    const endsStopped = scene.contract.name.endsWith('-start') || before(scene.contract) === 'stop';
    await aboutInstance(scene, {
      queue: queueOf(...times(8, ...(endsStopped ? (['start', 'stop'] as const) : (['stop', 'start'] as const)))),
    });
  },
  local_ssd_would_be_lost: (scene) => aboutInstance(scene, LOCAL_SSD),
  instance_not_ready: (scene) => aboutInstance(scene, { queue: queueOf('create') }),
  spot_instance: (scene) => aboutInstance(scene, { bid: 'bid_000000000000' }),
  operation_ended: (scene) =>
    aboutOperation(scene, { state: 'failed', error: { reason: 'gave_up', message: 'It was tried 12 times.' } }),
  operation_at_cloud: (scene) => aboutOperation(scene, { state: 'running', call: CALL }),
  operation_not_cancellable: (scene) => aboutOperation(scene, { kind: 'delete' }),
  unknown_ssh_key: (scene) =>
    ask(scene, { body: { template_id: TEMPLATE_ID, config_id: 'default-network', ssh_key_ids: ['key-nobodys'] } }),
  invalid_public_key: (scene) => {
    const sample = sampleOf(scene.contract, { ...ABSENT, project: scene.callers.able.project }).body;
    return ask(scene, {
      body: JSON.stringify(sample).replace(/"public_key":"[^"]*"/, '"public_key":"ssh-nothing AAAA"'),
    });
  },
  too_many_ssh_keys: async (scene) => {
    const walker = await scene.callers.make({});
    const key = await storedKey(scene, walker);
    const writes: Write[] = [];
    for (let i = 1; i < KEYS_MAX; i += 1) {
      // The id contains a letter that generated ids do not have, so that each one is new.
      const id = key.id.replace(/.{4}$/, `x${String(i).padStart(3, '0')}`);
      writes.push(put(PROJECT_SSH_KEY, id, { ...key, id }));
    }
    await scene.stage.accounts.store.write(writes);
    await ask(scene, { headers: keyOf(scene, walker), subjects: { project: walker.project } });
  },
  ssh_key_in_use: async (scene) => {
    const { able } = scene.callers;
    const { id } = await storedKey(scene, able);
    const launch = { volumes: [], sshKeys: [sshKeyFid(id)], startupScript: null, imageVersion: null, memoryGb: null };
    await scene.stage.bid(able, { phase: 'paused', launch });
    await ask(scene, { subjects: { sshKeyId: id, project: able.project } });
  },
  project_not_found: (scene) =>
    ask(scene, { query: scene.contract.name === 'fleet-spot-bids-list' ? `project=${ABSENT.project}` : '' }),
};

async function withoutDefaultNetwork(scene: Scene): Promise<void> {
  const { store } = scene.stage.accounts;
  const row = await store.get(ref(NETWORK_CONFIG, 'default-network'));
  if (row === undefined) throw new Error('There is no default network to take away.');
  await store.write([remove(row)]);
  // Restarts the endpoint's process, so that it reads the catalogue again.
  scene.stage.restart(scene.contract);
  await ask(scene, { subjects: { project: scene.callers.able.project } });
  await store.write([put(NETWORK_CONFIG, row.id, row.value)]);
  scene.stage.restart(scene.contract);
}
