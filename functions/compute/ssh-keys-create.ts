import { createSshKey } from '#shared/actions/create-ssh-key.ts';
import { endpoint } from '#endpoints/compute-ssh-keys-create.ts';
import { presentSshKey } from '#shared/families/compute/present-ssh-key.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ body, caller, actor, requestId }, tools) => {
    const key = await createSshKey(
      {
        caller,
        actor,
        requestId,
        project: undefined,
        name: body.name,
        labels: {},
        publicKey: body.public_key,
        isDefault: body.default ?? false,
        required: false,
        pointer: '/public_key',
      },
      tools,
    );
    return {
      status: 201,
      headers: { location: `/api/compute/v1/ssh-keys/${key.id}` },
      body: presentSshKey(key),
    };
  },
});
