import { bidsUsingKey } from '#shared/actions/bids-using-key.ts';
import { deleteSshKey } from '#shared/actions/delete-ssh-key.ts';
import { endpoint } from '#endpoints/resource-ssh-keys-delete.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async ({ params, ...call }, tools) => {
    await nameTheMissing('ssh_key', params.id, () =>
      deleteSshKey({ ...call, keyId: params.id, usedBy: (key) => bidsUsingKey(key, tools) }, tools),
    );
    return { status: 204 };
  },
});
