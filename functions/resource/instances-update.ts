import { editInstance } from '#shared/actions/edit-instance.ts';
import { editOf, serverTypeSize } from '#shared/actions/instance-edits.ts';
import { endpoint } from '#endpoints/resource-instances-update.ts';
import { editReply } from '#shared/families/edit-reply.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { operationHeaders, presentResource } from '#shared/families/resource/present.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: openPublisher,
  handle: async ({ params, body: { metadata, spec }, ...call }, tools) => {
    const { caller } = call;
    const type = spec?.type;
    const wish = {
      caller,
      labels: metadata?.labels,
      sshKeyIds: spec?.ssh_key_ids,
      deletionProtection: spec?.deletion_protection,
      size: type === undefined ? undefined : () => serverTypeSize(type, caller, tools.store),
      members: { labels: '/metadata/labels', sshKeyIds: '/spec/ssh_key_ids' },
      refusal: 'unprocessable',
    } as const;
    const answer = await nameTheMissing('instance', params.id, () =>
      editInstance(
        {
          ...call,
          instanceId: params.id,
          displayName: metadata?.name,
          edit: (instance) => editOf(wish, instance, tools.store),
        },
        tools,
      ),
    );
    return editReply(answer, { operationHeaders, present: presentResource });
  },
});
