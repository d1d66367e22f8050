import { INSTANCES_OF_ZONE, VOLUMES_OF_ZONE } from '#shared/datastore/queries.ts';
import type { Ref, Row } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { type CloudCounts, NO_COUNTS } from '#shared/domain/sweep-round.ts';
import type { Volume } from '#shared/domain/volume.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { Machine } from '#shared/gce/compute.ts';
import type { Disk } from '#shared/gce/disks.ts';
import { Ascending } from './ascending.ts';
import { compareMachines, type Comparison, lookAtUnlisted } from './compare-machines.ts';
import { candidatesOf } from './confirm-unrecorded.ts';
import { compareVolumes, diskCandidates } from './sweep-volumes.ts';

/*
 * Both sides of a zone come in the order of names: Compute Engine lists "in alphanumerical order based on the resource
 * name" (reference of instances.list), Datastore by key. So each page of the one is compared with the same range of the
 * other, and neither is held in memory as a whole. If the orders should differ, records seem to lack their VM, which is
 * then read before anything is believed: more calls, the same result.
 */

/** Position within the list of a zone. */
export interface ListPosition {
  readonly pageToken: string;
  readonly after: string;
}

/** What one page has shown. Everything up to `at` has been compared. */
export interface Step<T> {
  readonly at: ListPosition;
  readonly counts: CloudCounts;
  readonly candidates: readonly T[];
}

/** Which part of a zone's list is read, and how. */
export interface ZoneList {
  readonly zone: string;
  readonly from: ListPosition;
  readonly pageSize: number;
  /** Whether the page after one of so many items is wanted too, so that it can be on its way while one is compared. */
  readonly wantsMore: (items: number) => boolean;
}

interface ListedPage<T> {
  readonly items: readonly T[];
  readonly next: string;
}

/** Compares the VMs of a zone with the records of the zone's instances, page by page. */
export async function* machineSteps(of: ZoneList, comparison: Comparison): AsyncGenerator<Step<Machine>> {
  const { zone, from, pageSize } = of;
  const { tools, startedAtMs } = comparison;
  const records = new Ascending<Ref<Instance>>(from.after, async (above) => {
    const page = { limit: pageSize, range: rangeAbove(above) };
    const { refs, cursor } = await tools.store.keys(INSTANCES_OF_ZONE, { zone: { stringValue: zone } }, page);
    return { items: refs, more: cursor !== undefined };
  });
  const list = (token: string) => tools.compute.listZone(zone, { token, size: pageSize });
  for await (const { items, at } of listed(of, list, tools)) {
    const names = new Set(items.map(({ name }) => name));
    const unrecorded = await compareMachines(items, comparison);
    let found = 0;
    for (let done = items.length === 0 && at.pageToken !== ''; !done;) {
      const taken = await records.take(at.pageToken === '' ? undefined : at.after);
      found += taken.items.length;
      await lookAtUnlisted(
        taken.items.filter(({ id }) => !names.has(id)),
        comparison,
      );
      done = taken.done;
    }
    yield {
      at,
      counts: { ...NO_COUNTS, machines: items.length, records: found },
      candidates: candidatesOf(unrecorded, startedAtMs),
    };
  }
}

/** Compares the disks of a zone with the zone's volumes, page by page. */
export async function* diskSteps(of: ZoneList, comparison: Comparison): AsyncGenerator<Step<Disk>> {
  const { zone, from, pageSize } = of;
  const { tools, startedAtMs } = comparison;
  const records = new Ascending<Row<Volume>>(from.after, async (above) => {
    const page = { limit: pageSize, range: rangeAbove(above) };
    const { rows, cursor } = await tools.store.query(VOLUMES_OF_ZONE, { zone: { stringValue: zone } }, page);
    return { items: rows, more: cursor !== undefined };
  });
  const list = (token: string) => tools.disks.listZone(zone, { token, size: pageSize });
  for await (const { items, at } of listed(of, list, tools)) {
    const disks = new Map(items.map((disk) => [disk.name, disk]));
    const known = new Set<string>();
    let volumes = 0;
    for (let done = items.length === 0 && at.pageToken !== ''; !done;) {
      const taken = await records.take(at.pageToken === '' ? undefined : at.after);
      for (const { id } of taken.items) known.add(id);
      volumes += await compareVolumes(taken.items, disks, comparison);
      done = taken.done;
    }
    yield {
      at,
      counts: { ...NO_COUNTS, disks: items.length, volumes },
      candidates: diskCandidates(items, known, startedAtMs),
    };
  }
}

function rangeAbove(above: string) {
  return above === '' ? {} : { above };
}

/** Yields the pages of a list, with the position after each. A zone that does not exist (any more) has an empty list. */
async function* listed<T extends { readonly name: string }>(
  { zone, from, wantsMore }: ZoneList,
  list: (token: string) => Promise<ListedPage<T>>,
  { compute }: Comparison['tools'],
): AsyncGenerator<{ readonly items: readonly T[]; readonly at: ListPosition }> {
  let after = from.after;
  let page = await list(from.pageToken).catch(async (thrown: unknown): Promise<ListedPage<T>> => {
    const mayBeUnknown = from.pageToken === '' && thrown instanceof CloudError && !thrown.transient;
    if (!mayBeUnknown || (await compute.zones()).includes(zone)) throw thrown;
    return { items: [], next: '' };
  });
  for (;;) {
    const { items, next } = page;
    const coming = next !== '' && wantsMore(items.length) ? list(next) : undefined;
    // If the comparison of this page fails, nothing awaits the next one.
    coming?.catch(() => undefined);
    for (const { name } of items) if (name > after) after = name;
    yield { items, at: { pageToken: next, after } };
    if (next === '') return;
    page = await (coming ?? list(next));
  }
}
