import { readLaunchZones } from '#shared/actions/launch-catalog.ts';
import { endpoint } from '#endpoints/fleet-image-versions-list.ts';
import { presentImageVersion, usableImages } from '#shared/families/fleet/present-offers.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ caller }, tools) => {
    const [images, zones] = await Promise.all([tools.catalog.images(), readLaunchZones(caller, tools)]);
    return {
      status: 200,
      body: usableImages(images, caller.customerId).map((image) => presentImageVersion(image, zones)),
    };
  },
});
