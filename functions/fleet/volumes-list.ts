import { listVolumes } from '#shared/actions/list-volumes.ts';
import { endpoint } from '#endpoints/fleet-volumes-list.ts';
import { presentVolume } from '#shared/families/fleet/present-volume.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ query, caller }, tools) => {
    const { project, region: zone, include_deleted: includeDeleted } = query;
    return {
      status: 200,
      body: (await listVolumes({ caller, project, zone, includeDeleted }, tools)).map(presentVolume),
    };
  },
});
