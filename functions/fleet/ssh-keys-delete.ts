import { bidsUsingKey } from '#shared/actions/bids-using-key.ts';
import { deleteSshKey } from '#shared/actions/delete-ssh-key.ts';
import { sshKeyIdOf } from '#shared/domain/project-ssh-key.ts';
import { endpoint } from '#endpoints/fleet-ssh-keys-delete.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ params, ...call }, tools) => {
    await deleteSshKey(
      { ...call, keyId: sshKeyIdOf(params.fid) ?? '', usedBy: (key) => bidsUsingKey(key, tools) },
      tools,
    );
    return { status: 204 };
  },
});
