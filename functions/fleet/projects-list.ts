import { readProjects } from '#shared/actions/read-account.ts';
import { endpoint } from '#endpoints/fleet-projects-list.ts';
import { presentProject } from '#shared/families/fleet/present-account.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ caller }, tools) => ({
    status: 200,
    body: (await readProjects({ caller }, tools)).map(presentProject),
  }),
});
