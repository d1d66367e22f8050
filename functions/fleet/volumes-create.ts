import { createVolume } from '#shared/actions/create-volume.ts';
import { volumeTypeFor } from '#shared/actions/volume-type.ts';
import { endpoint } from '#endpoints/fleet-volumes-create.ts';
import { presentVolume } from '#shared/families/fleet/present-volume.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openDisks } from '#shared/runtime/open-disks.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: (base) => ({ ...openCompute(base), ...openDisks(base) }),
  handle: async ({ body, caller, tier }, tools) => {
    const { name, project, region: zone, size_gb: sizeGb, disk_interface: diskInterface } = body;
    const wish = { name, project, zone, sizeGb };
    const request = {
      ...wish,
      caller,
      tier,
      typeOf: () => volumeTypeFor(diskInterface, { ...wish, customerId: caller.customerId }, tools),
    };
    return { status: 201, body: presentVolume(await createVolume(request, tools)) };
  },
});
