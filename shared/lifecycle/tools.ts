import type { Log } from '#shared/domain/log.ts';
import type { Random } from '#shared/domain/ids.ts';
import type { Store } from '#shared/datastore/store.ts';
import type { Compute } from '#shared/gce/compute.ts';
import type { Publisher } from '#shared/pubsub/publisher.ts';

/** Dependencies of the actions. Each action declares the part it uses; clock, randomness and waiting are passed in. */
export interface Tools {
  readonly store: Store;
  readonly compute: Compute;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly random: Random;
}
