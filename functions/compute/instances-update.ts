import { editInstance } from '#shared/actions/edit-instance.ts';
import { editOf, offeredMachineType } from '#shared/actions/instance-edits.ts';
import { endpoint } from '#endpoints/compute-instances-update.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { operationHeaders, presentInstance } from '#shared/families/compute/present.ts';
import { editReply } from '#shared/families/edit-reply.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openPublisher,
  handle: async ({ params, body, ...call }, tools) => {
    const { caller } = call;
    const { machine_type: machineType } = body;
    const wish = {
      caller,
      labels: body.labels,
      sshKeyIds: body.ssh_key_ids,
      deletionProtection: body.deletion_protection,
      size: machineType === undefined ? undefined : () => offeredMachineType(machineType, caller, tools.store),
      members: { labels: '/labels', sshKeyIds: '/ssh_key_ids' },
      refusal: 'invalid_request',
    } as const;
    const answer = await editInstance(
      {
        ...call,
        instanceId: params.id,
        displayName: body.display_name,
        edit: (instance) => editOf(wish, instance, tools.store),
      },
      tools,
    );
    return editReply(answer, { operationHeaders, present: presentInstance });
  },
});
