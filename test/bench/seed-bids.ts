import type { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { BID_PHASES } from '#shared/domain/bid.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { aBid } from '#test/support/a-bid.ts';

export const BIDS_PROJECT = 'proj_acme000000000000';

/** A user who may read all of these bids. */
export const BID_LISTER: Principal = {
  userId: aBid().userId,
  customerId: 'acme',
  projects: [BIDS_PROJECT],
  groups: ['group1'],
  roles: [],
  tier: 'pro',
  credential: { type: 'jwt', id: 'token-1' },
};

/**
 * Fills a project with bids, of which 1 % have not ended, as if clusters were launched again and again under the same
 * names.
 */
export function seedBids(emulator: DatastoreEmulator, bids: number, cloudProject = LOCAL_PROJECT): void {
  emulator.bulkLoad(
    (function* () {
      for (let n = 0; n < bids; n += 1) {
        const id = `bid_${String(n).padStart(16, '0')}`;
        const live = n % 100 === 0 ? BID_PHASES[(n / 100) % BID_PHASES.length] : undefined;
        yield {
          key: {
            partitionId: { projectId: cloudProject, databaseId: '', namespaceId: '' },
            path: [{ kind: BID.name, name: id }],
          },
          properties: BID.encode(
            aBid({
              id,
              name: `cluster-${n % 50}`,
              project: BIDS_PROJECT,
              phase: live ?? 'ended',
              createdAtMs: 1_700_000_000_000 + n * 1_000,
            }),
          ),
        };
      }
    })(),
  );
}
