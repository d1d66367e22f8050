import { API_KEY } from '#shared/datastore/account-rows.ts';
import { IMAGE } from '#shared/datastore/catalog-rows.ts';
import { ALL_IMAGES } from '#shared/datastore/queries.ts';
import { put, ref, remove, type Write } from '#shared/datastore/write.ts';
import { bidSample } from '#test/support/contract-samples.ts';
import type { Walker } from '#test/support/walk-accounts.ts';
import { ask, keyOf, type Provocations, type Scene } from './scene.ts';
import { tokenOf } from './issuer.ts';

// What the fleet family refuses: bids, volumes and a user's own keys.

/** Places a new bid for one machine, with other launch parameters. */
async function placeBid(
  scene: Scene,
  { launch = {}, ...changes }: { readonly launch?: object; readonly [name: string]: unknown },
) {
  const project = scene.callers.able.project;
  const sample = bidSample(project);
  const specification = { ...(sample['launch_specification'] as object), ...launch };
  await ask(scene, {
    subjects: { project },
    body: { ...sample, name: `bid-${scene.stage.next()}`, ...changes, launch_specification: specification },
  });
}

/** Calls both endpoints that give volumes to a bid, with these volumes. */
async function withVolumes(scene: Scene, volumes: readonly string[]): Promise<void> {
  const { able } = scene.callers;
  if (scene.contract.method === 'POST') {
    await placeBid(scene, { launch: { volumes } });
    return;
  }
  const { id } = await scene.stage.bid(able, { phase: 'paused' });
  await ask(scene, { subjects: { bid: id, project: able.project }, body: { volumes } });
}

const newVolume = (project: string, changes: object = {}) => ({
  project,
  name: 'walk',
  disk_interface: 'Block',
  region: 'us-central1-a',
  size_gb: 10,
  ...changes,
});

/** Maximum number of keys of a user. */
const API_KEYS_MAX = 200;

async function fillWithKeys({ stage }: Scene, walker: Walker): Promise<void> {
  const { store } = stage.accounts;
  const row = await store.get(ref(API_KEY, walker.key['api-key'] ?? ''));
  if (row === undefined) throw new Error('The walker has no key.');
  const writes: Write[] = [];
  for (let i = 1; i < API_KEYS_MAX; i += 1) {
    const id = row.id.replace(/.{3}$/, String(i).padStart(3, '0'));
    writes.push(put(API_KEY, id, { ...row.value, id }));
  }
  await store.write(writes);
}

export const FLEET_PROVOCATIONS: Provocations = {
  instance_type_not_found: async (scene) => {
    const { name } = scene.contract;
    if (name === 'fleet-spot-bids-create') await placeBid(scene, { instance_type: 'it_n1-standard-3' });
    else if (name === 'fleet-prices-history') await ask(scene, { query: 'instance_types=it_n1-standard-3' });
    else await ask(scene, { path: `${scene.contract.path}?instance_type=it_n1-standard-3` });
  },
  image_version_not_found: (scene) => placeBid(scene, { launch: { image_version: 'iv_ubuntu-22' } }),
  cluster_not_found: (scene) => placeBid(scene, { launch: { kubernetes_cluster: 'k8s_1' } }),
  image_missing: async (scene) => {
    const { store } = scene.stage.accounts;
    const { rows } = await store.query(ALL_IMAGES, {}, { limit: 100 });
    await store.write(rows.map((row) => remove(row)));
    scene.stage.restart(scene.contract);
    await placeBid(scene, {});
    await store.write(rows.map(({ id, value }) => put(IMAGE, id, value)));
    scene.stage.restart(scene.contract);
  },
  bid_not_found: (scene) => ask(scene, { subjects: { project: scene.callers.able.project } }),
  bid_terminated: async (scene) => {
    const { able } = scene.callers;
    const { id } = await scene.stage.bid(able, { phase: 'ended', deactivatedAtMs: 1_700_000_000_000 });
    await ask(scene, { subjects: { bid: id, project: able.project } });
  },
  volume_not_found: async (scene) => {
    if (scene.contract.path.startsWith('/v2/spot')) await withVolumes(scene, ['vol_vol-000000-00000000']);
    else await ask(scene, { subjects: { project: scene.callers.able.project } });
  },
  volume_in_use: async (scene) => {
    const { able } = scene.callers;
    const use = { bid: 'bid_other00000000000', instanceId: null, deviceName: 'data' };
    const { fid } = await scene.stage.volume(able, { use });
    if (scene.contract.path.startsWith('/v2/spot')) await withVolumes(scene, [fid]);
    else await ask(scene, { subjects: { volume: fid, project: able.project } });
  },
  volume_region: async (scene) => {
    const { fid } = await scene.stage.volume(scene.callers.able, { zone: 'us-central1-b' });
    await withVolumes(scene, [fid]);
  },
  volume_name_taken: async (scene) => {
    const { able } = scene.callers;
    const { contract, stage } = scene;
    if (contract.name === 'fleet-spot-bids-update') {
      // One volume was renamed after it was attached, and another one has its former name.
      const [one, other] = [await stage.volume(able), await stage.volume(able)];
      const { id } = await stage.bid(able, { phase: 'paused', quantity: 1, launch: launchWith([one.fid]) });
      const use = { bid: id, instanceId: null, deviceName: other.row.name };
      await stage.volume(able, { ...one.row, use });
      await ask(scene, { subjects: { bid: id, project: able.project }, body: { volumes: [one.fid, other.fid] } });
      return;
    }
    const create = { subjects: { project: able.project }, headers: keyOf(scene, able) };
    const creating = scene.contracts('fleet-volumes-create');
    await stage.ask(creating, { ...create, body: newVolume(able.project, { name: 'taken' }) });
    if (contract === creating) {
      await ask(scene, { ...create, body: newVolume(able.project, { name: 'taken', size_gb: 11 }) });
      return;
    }
    const { fid } = await stage.volume(able);
    await ask(scene, { subjects: { volume: fid, project: able.project }, body: { name: 'taken' } });
  },
  volume_not_possible: (scene) => {
    const { project } = scene.callers.able;
    return ask(scene, { body: newVolume(project, { disk_interface: 'File', region: 'us-central1-x', size_gb: 1 }) });
  },
  volume_refused: (scene) => {
    const faults = [
      { service: 'compute', method: 'disks.insert', kind: 'operationError', code: 'QUOTA_EXCEEDED' },
    ] as const;
    const { project } = scene.callers.able;
    return scene.stage.withFaults(faults, () => ask(scene, { body: newVolume(project, { name: 'refused' }) }));
  },
  volume_quota_exceeded: async (scene) => {
    const walker = await scene.callers.of('few-gb');
    await ask(scene, { headers: keyOf(scene, walker), body: newVolume(walker.project) });
  },
  api_key_not_found: (scene) => ask(scene),
  too_many_api_keys: async (scene) => {
    const walker = await scene.callers.make({});
    await fillWithKeys(scene, walker);
    await ask(scene, { headers: keyOf(scene, walker) });
  },
  // A signed token of a user without a record.
  unknown_user: async (scene) => {
    const token = await tokenOf({ customerId: scene.callers.able.customerId });
    await scene.stage.whileIssuerAnswers(() => ask(scene, { headers: { authorization: `Bearer ${token}` } }));
  },
};

function launchWith(volumes: readonly string[]) {
  return { volumes, sshKeys: [], startupScript: null, imageVersion: null, memoryGb: null };
}
