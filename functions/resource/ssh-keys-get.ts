import { readSshKey } from '#shared/actions/list-ssh-keys.ts';
import { endpoint } from '#endpoints/resource-ssh-keys-get.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { presentSshKey } from '#shared/families/resource/present-ssh-key.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async ({ params, caller }, tools) => ({
    status: 200,
    body: presentSshKey(
      await nameTheMissing('ssh_key', params.id, () => readSshKey({ caller, keyId: params.id }, tools)),
    ),
  }),
});
