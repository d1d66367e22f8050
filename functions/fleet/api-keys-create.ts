import { createOwnApiKey } from '#shared/actions/own-api-keys.ts';
import { endpoint } from '#endpoints/fleet-api-keys-create.ts';
import { fleetKey } from '#shared/accounts/credential-text.ts';
import { presentApiKey } from '#shared/families/fleet/present-account.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ body, caller, requestId }, tools) => {
    const expiresAtMs = Date.parse(body.expires_at);
    const { row, secret } = await createOwnApiKey({ caller, requestId, name: body.name, expiresAtMs }, tools);
    return { status: 201, body: { ...presentApiKey(row), secret: fleetKey(row.id, secret) } };
  },
});
