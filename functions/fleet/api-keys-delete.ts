import { deleteOwnApiKey } from '#shared/actions/own-api-keys.ts';
import { endpoint } from '#endpoints/fleet-api-keys-delete.ts';

import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ params, caller, requestId }, tools) => {
    await deleteOwnApiKey({ caller, requestId, fid: params.fid }, tools);
    return { status: 204 };
  },
});
