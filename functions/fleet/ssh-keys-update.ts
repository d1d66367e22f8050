import { requireKeyOnInstances } from '#shared/actions/require-key-on-instances.ts';
import { sshKeyIdOf } from '#shared/domain/project-ssh-key.ts';
import { endpoint } from '#endpoints/fleet-ssh-keys-update.ts';
import { presentSshKey } from '#shared/families/fleet/present-ssh-key.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ params, body, caller, actor, requestId }, tools) => ({
    status: 200,
    body: presentSshKey(
      await requireKeyOnInstances(
        { caller, actor, requestId, keyId: sshKeyIdOf(params.fid) ?? '', required: body.required },
        tools,
      ),
    ),
  }),
});
