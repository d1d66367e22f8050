import { readAvailability } from '#shared/actions/read-offers.ts';
import { endpoint } from '#endpoints/fleet-availability-list.ts';
import { defaultImageVersion, presentAvailability } from '#shared/families/fleet/present-offers.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ caller, tier }, tools) => {
    const [rows, images] = await Promise.all([readAvailability({ caller, tier }, tools), tools.catalog.images()]);
    const imageVersion = defaultImageVersion(images, caller.customerId);
    return { status: 200, body: rows.map((row) => presentAvailability(row, imageVersion)) };
  },
});
