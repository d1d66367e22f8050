import { createSshKey } from '#shared/actions/create-ssh-key.ts';
import { endpoint } from '#endpoints/resource-ssh-keys-create.ts';
import { presentSshKey } from '#shared/families/resource/present-ssh-key.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async ({ body: { metadata, spec }, caller, actor, requestId }, tools) => {
    const key = await createSshKey(
      {
        caller,
        actor,
        requestId,
        project: undefined,
        name: metadata.name,
        labels: metadata.labels ?? {},
        publicKey: spec.public_key,
        isDefault: spec.default ?? false,
        required: false,
        pointer: '/spec/public_key',
      },
      tools,
    );
    return { status: 201, headers: { location: `/v1/ssh-keys/${key.id}` }, body: presentSshKey(key) };
  },
});
