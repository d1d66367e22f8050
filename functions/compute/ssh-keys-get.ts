import { readSshKey } from '#shared/actions/list-ssh-keys.ts';
import { endpoint } from '#endpoints/compute-ssh-keys-get.ts';
import { presentSshKey } from '#shared/families/compute/present-ssh-key.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params, caller }, tools) => ({
    status: 200,
    body: presentSshKey(await readSshKey({ caller, keyId: params.id }, tools)),
  }),
});
