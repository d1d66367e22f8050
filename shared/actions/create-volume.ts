import { KeyedMutex } from '#shared/concurrency/keyed-mutex.ts';
import { VOLUME, VOLUME_NAME, VOLUME_USAGE, type VolumeUsage, volumeNameId } from '#shared/datastore/volume-rows.ts';
import { Conflict, insert, ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import type { VolumeType } from '#shared/domain/catalog.ts';
import { Failure } from '#shared/domain/failure.ts';
import { volumeId } from '#shared/domain/ids.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { reserveGb } from '#shared/domain/quota.ts';
import type { Tier } from '#shared/domain/tier.ts';
import { isRepeatOf, nameTaken, type Volume, type VolumeWish } from '#shared/domain/volume.ts';
import type { CloudError } from '#shared/gce/cloud-error.ts';
import { cloudFailure } from '#shared/lifecycle/cloud-failure.ts';
import { settleVolume } from '#shared/lifecycle/settle-volume.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { VolumeOutcome } from '#shared/lifecycle/volume-steps.ts';
import type { VolumeTools } from '#shared/lifecycle/volume-tools.ts';
import { projectNotFound } from './require-project.ts';

export interface CreateVolumeRequest extends VolumeWish {
  readonly caller: Principal;
  readonly tier: Tier;
  /**
   * Resolves the type. Throws for an interface that is not offered, a region without machines and an impossible size.
   */
  readonly typeOf: (wish: VolumeWish) => Promise<VolumeType>;
}

/** The sweep checks a new volume after this time, in case the request that created it has crashed. */
const FIRST_CHECK_MS = 30_000;

/** Serializes creates of one customer in this process, because all of them write the customer's usage row. */
const perCustomer = new KeyedMutex();

/**
 * Creates a volume. One commit writes its record, its name and its share of the quota; then Compute Engine is called.
 * If Compute Engine refuses, the commit is undone. If no answer arrives, the sweep repeats the call with the same disk
 * name and requestId. If the same user repeats the request within minutes, it returns the same volume, because clients
 * repeat a POST whose response was lost.
 */
export async function createVolume(
  request: CreateVolumeRequest,
  tools: VolumeTools & Pick<Tools, 'random'>,
): Promise<Volume> {
  const type = request.typeOf(request);
  type.catch(() => undefined);
  // Administrators may read every project, but a volume belongs to their own customer, so they create only in their own
  // projects.
  if (!request.caller.projects.includes(request.project)) throw projectNotFound(request.caller, request.project);
  const { diskType } = await type;
  const volume = await perCustomer.run(request.caller.customerId, () => accept(request, diskType, tools));
  if (volume.state === 'ready') return volume;
  let outcome: VolumeOutcome;
  try {
    outcome = await settleVolume(volume.id, tools);
  } catch (thrown) {
    // The sweep or a repeat of this request has settled the volume at the same time and recorded a newer state.
    if (!(thrown instanceof Conflict)) throw thrown;
    return volume;
  }
  if (outcome.is === 'refused') throw refusal(outcome.error, volume);
  return volume;
}

async function accept(
  { caller, tier, ...wish }: CreateVolumeRequest,
  diskType: string,
  { store, nowMs, random }: VolumeTools & Pick<Tools, 'random'>,
): Promise<Volume> {
  // Generated once, outside the retried transaction: after a lost response the volume's row shows whether it was
  // committed.
  const id = volumeId(caller.userId, random);
  const { customerId, userId } = caller;
  const { name, project, zone, sizeGb } = wish;
  return store.change<Volume>(async () => {
    const nameRef = ref(VOLUME_NAME, volumeNameId(wish));
    const [usage, named] = await store.getAll([ref(VOLUME_USAGE, customerId), nameRef]);
    const holder = named === undefined ? undefined : await store.get(ref(VOLUME, named.value.volumeId));
    if (holder !== undefined) {
      if (isRepeatOf(holder.value, wish, userId, nowMs())) return { writes: [], result: holder.value };
      throw nameTaken(wish);
    }
    const atMs = nowMs();
    const volume: Volume = {
      ...{ id, userId, customerId, project, name, zone, sizeGb, diskType },
      state: 'creating',
      createdAtMs: atMs,
      deletedAtMs: null,
      use: null,
      attachedTo: '',
      attempts: 0,
      callNumber: 1,
      checkAtMs: atMs + FIRST_CHECK_MS,
    };
    const writes: Write[] = [
      insert(VOLUME, id, volume),
      named === undefined ? insert(VOLUME_NAME, nameRef.id, { volumeId: id }) : replace(named, { volumeId: id }),
      usageWrite(usage, customerId, reserveGb(usage?.value.gb ?? 0, sizeGb, tier.maxVolumeGb)),
    ];
    return { writes, result: volume };
  });
}

function usageWrite(usage: Row<VolumeUsage> | undefined, customerId: string, gb: number): Write {
  return usage === undefined ? insert(VOLUME_USAGE, customerId, { gb }) : replace(usage, { gb });
}

/**
 * Returns the failure for a disk that Compute Engine refused. It is never a 5xx, because clients retry those for
 * minutes and the same request is unlikely to succeed soon.
 */
function refusal(error: CloudError, { zone }: Volume): Failure {
  const { message } = cloudFailure(error, { zone, machineType: '' }, 'insert');
  if (error.reason !== 'invalid_argument')
    return new Failure('conflict', message, { reason: 'volume_refused', cause: error });
  const fields = [
    { place: 'body' as const, pointer: '/size_gb', message: 'is not possible in this region', rule: 'disk' },
  ];
  return new Failure('unprocessable', message, { reason: 'volume_not_possible', fields, cause: error });
}
