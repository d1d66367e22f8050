import { listProjectInstances } from '#shared/actions/list-project-instances.ts';
import { endpoint } from '#endpoints/fleet-instances-list.ts';
import { presentFleetInstance } from '#shared/families/fleet/present.ts';
import { toProjectList } from '#shared/families/fleet/to-request.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openListCursors,
  handle: async ({ query, ...call }, tools) => {
    const { instances, cursor } = await listProjectInstances({ ...call, ...toProjectList(query) }, tools);
    return { status: 200, body: { data: instances.map(presentFleetInstance), next_cursor: cursor ?? null } };
  },
});
