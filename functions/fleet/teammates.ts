import { readTeammates } from '#shared/actions/read-account.ts';
import { endpoint } from '#endpoints/fleet-teammates.ts';
import { presentTeammate } from '#shared/families/fleet/present-account.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ caller }, tools) => ({
    status: 200,
    body: (await readTeammates({ caller }, tools)).map(presentTeammate),
  }),
});
