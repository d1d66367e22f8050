import type { Instance } from '#shared/domain/instance.ts';
import type { Volume } from '#shared/domain/volume.ts';
import type { Shape } from './query.ts';
import { INSTANCE } from './rows.ts';
import { VOLUME } from './volume-rows.ts';

/* The queries of the sweep's comparisons by zone; `queries.ts` lists them with all others. */

const BY_KEY: Shape['order'] = [{ property: '__key__', direction: 'asc' }];
const BY_ZONE: Shape['order'] = [{ property: 'zone', direction: 'asc' }];

/** Finds the instances of a zone within a range of ids. */
export const INSTANCES_OF_ZONE: Shape<Instance> = { kind: INSTANCE, equal: ['zone'], range: '__key__', order: BY_KEY };

/** Finds instances by zone, to skip from one zone that has instances to the next. */
export const INSTANCES_BY_ZONE: Shape<Instance> = { kind: INSTANCE, equal: [], range: 'zone', order: BY_ZONE };

/** Finds the volumes of a zone within a range of ids. Volumes that earlier versions wrote last are not found. */
export const VOLUMES_OF_ZONE: Shape<Volume> = { kind: VOLUME, equal: ['zone'], range: '__key__', order: BY_KEY };

/** Finds volumes by zone, to skip from one zone that has volumes to the next. */
export const VOLUMES_BY_ZONE: Shape<Volume> = { kind: VOLUME, equal: [], range: 'zone', order: BY_ZONE };
