import { renameVolume } from '#shared/actions/rename-volume.ts';
import { endpoint } from '#endpoints/fleet-volumes-update.ts';
import { presentVolume } from '#shared/families/fleet/present-volume.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ params, body, caller }, tools) => ({
    status: 200,
    body: presentVolume(await renameVolume({ caller, fid: params.fid, name: body.name }, tools)),
  }),
});
