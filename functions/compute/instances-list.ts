import { listOwnInstances, withPending } from '#shared/actions/read-instance.ts';
import { endpoint } from '#endpoints/compute-instances-list.ts';
import { Failure } from '#shared/domain/failure.ts';
import { presentInstance } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async (call, tools) => {
    const instances = await listOwnInstances(call, tools);
    // The contract of this family: an empty list is "not found".
    if (instances.length === 0) {
      throw new Failure('not_found', 'You have no instances. POST /api/compute/v1/instances creates one.', {
        reason: 'no_instances',
      });
    }
    const readings = await withPending(instances, tools.store);
    return {
      status: 200,
      body: readings.map(({ instance, pending }) => presentInstance(instance, pending, call.caller)),
    };
  },
});
