import { createSshKey } from '#shared/actions/create-ssh-key.ts';
import { generateRsaPair } from '#shared/actions/generate-key-pair.ts';
import { requireProject } from '#shared/actions/require-project.ts';
import { endpoint } from '#endpoints/fleet-ssh-keys-create.ts';
import { presentSshKey } from '#shared/families/fleet/present-ssh-key.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ body, caller, actor, requestId }, tools) => {
    const { project, name } = body;
    const sent = body.public_key ?? undefined;
    // Generating a pair takes half a second of processor time, so the project is checked before.
    if (sent === undefined) await requireProject(caller, project, tools);
    const pair = sent === undefined ? await generateRsaPair(name) : undefined;
    const key = await createSshKey(
      {
        caller,
        actor,
        requestId,
        project,
        name,
        labels: {},
        publicKey: sent ?? pair?.publicKey ?? '',
        isDefault: false,
        required: body.required ?? false,
        pointer: '/public_key',
      },
      tools,
    );
    return { status: 201, body: { ...presentSshKey(key), private_key: pair?.privateKey ?? null } };
  },
});
