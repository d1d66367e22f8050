import { deleteVolume } from '#shared/actions/delete-volume.ts';
import { endpoint } from '#endpoints/fleet-volumes-delete.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openDisks } from '#shared/runtime/open-disks.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: (base) => ({ ...openCompute(base), ...openDisks(base) }),
  handle: async ({ params, caller }, tools) => {
    await deleteVolume({ caller, fid: params.fid }, tools);
    return { status: 204 };
  },
});
