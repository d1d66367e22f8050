import { listOwnApiKeys } from '#shared/actions/own-api-keys.ts';
import { endpoint } from '#endpoints/fleet-api-keys-list.ts';
import { presentApiKey } from '#shared/families/fleet/present-account.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ caller }, tools) => ({
    status: 200,
    body: (await listOwnApiKeys({ caller }, tools)).map(presentApiKey),
  }),
});
