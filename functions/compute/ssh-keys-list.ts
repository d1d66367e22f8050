import { listSshKeys } from '#shared/actions/list-ssh-keys.ts';
import { endpoint } from '#endpoints/compute-ssh-keys-list.ts';
import { presentSshKey } from '#shared/families/compute/present-ssh-key.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller }, tools) => ({
    status: 200,
    body: (await listSshKeys({ caller, project: undefined }, tools)).map(presentSshKey),
  }),
});
