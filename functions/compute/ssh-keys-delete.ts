import { bidsUsingKey } from '#shared/actions/bids-using-key.ts';
import { deleteSshKey } from '#shared/actions/delete-ssh-key.ts';
import { endpoint } from '#endpoints/compute-ssh-keys-delete.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params, ...call }, tools) => {
    await deleteSshKey({ ...call, keyId: params.id, usedBy: (key) => bidsUsingKey(key, tools) }, tools);
    return { status: 204 };
  },
});
