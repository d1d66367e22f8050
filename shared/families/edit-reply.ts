import type { EditAnswer } from '#shared/actions/edit-instance.ts';
import type { Reply } from '#shared/contracts/reply.ts';
import { instanceTag } from '#shared/domain/instance-tag.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';

/** Returns 200 if the edit is complete, or 202 if an operation still has to change the VM. */
export function editReply(
  { instance, operation }: EditAnswer,
  family: {
    readonly operationHeaders: (operation: Operation) => Readonly<Record<string, string>>;
    readonly present: (instance: Instance, pending?: Operation) => unknown;
  },
): Reply {
  const etag = instanceTag(instance);
  if (operation === undefined) return { status: 200, headers: { etag }, body: family.present(instance) };
  const headers = { etag, ...family.operationHeaders(operation) };
  return { status: 202, headers, body: family.present(instance, operation) };
}
