import { readAvailability } from '#shared/actions/read-offers.ts';
import { endpoint } from '#endpoints/fleet-instance-types-list.ts';
import { offersOf } from '#shared/domain/machine-offer.ts';
import { presentInstanceType } from '#shared/families/fleet/present-offers.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ caller, tier }, tools) => ({
    status: 200,
    // A type that cannot be launched in any zone is not listed.
    body: offersOf(await readAvailability({ caller, tier }, tools)).map(presentInstanceType),
  }),
});
