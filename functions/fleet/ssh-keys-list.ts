import { listSshKeys } from '#shared/actions/list-ssh-keys.ts';
import { endpoint } from '#endpoints/fleet-ssh-keys-list.ts';
import { presentSshKey } from '#shared/families/fleet/present-ssh-key.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ query, caller }, tools) => ({
    status: 200,
    body: (await listSshKeys({ caller, project: query.project }, tools)).map(presentSshKey),
  }),
});
