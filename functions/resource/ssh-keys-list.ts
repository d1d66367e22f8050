import { listSshKeys } from '#shared/actions/list-ssh-keys.ts';
import { endpoint } from '#endpoints/resource-ssh-keys-list.ts';
import { presentSshKey } from '#shared/families/resource/present-ssh-key.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async ({ caller }, tools) => ({
    status: 200,
    body: { items: (await listSshKeys({ caller, project: undefined }, tools)).map(presentSshKey) },
  }),
});
