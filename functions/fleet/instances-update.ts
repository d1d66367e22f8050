import { batchPower } from '#shared/actions/batch-power.ts';
import { endpoint } from '#endpoints/fleet-instances-update.ts';
import { presentBatch } from '#shared/families/fleet/present.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openPublisher,
  handle: async ({ body, ...call }, tools) => {
    const kind = body.status === 'STATUS_RUNNING' ? 'start' : 'stop';
    const { statuses, operationIds } = await batchPower({ ...call, instances: body.instances, kind }, tools);
    return { status: 200, headers: { 'x-operation-ids': operationIds.join(',') }, body: presentBatch(statuses) };
  },
});
