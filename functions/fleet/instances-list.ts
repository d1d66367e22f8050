import { listProjectInstances } from '#shared/actions/list-project-instances.ts';
import { withPending } from '#shared/actions/read-instance.ts';
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
    const readings = await withPending(instances, tools.store);
    const data = readings.map(({ instance, pending }) => presentFleetInstance(instance, pending));
    return { status: 200, body: { data, next_cursor: cursor ?? null } };
  },
});
