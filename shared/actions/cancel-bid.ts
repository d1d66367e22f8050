import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, replace } from '#shared/datastore/write.ts';
import { endedBid } from '#shared/domain/bid.ts';
import { requirePossible } from '#shared/domain/power.ts';
import type { Actor } from '#shared/domain/principal.ts';
import type { BidTools } from '#shared/lifecycle/advance-bid.ts';
import { bidVolumes } from '#shared/lifecycle/bid-volumes.ts';
import { orderOperations } from '#shared/lifecycle/order-operations.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { releaseVolumes } from '#shared/lifecycle/volume-claims.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { type BidRequest, requireBid } from './read-bid.ts';

export interface BidAct extends BidRequest {
  readonly actor: Actor;
  readonly requestId: string;
}

/**
 * Ends a bid. One commit sets the bid to Terminated, queues a delete for each instance and frees the volumes, so no
 * list shows a partial state. A bid that has ended is left unchanged. Throws `not_found`, and `conflict` if an instance
 * of the bid is protected from deletion: then nothing changes.
 */
export async function cancelBid(request: BidAct, tools: BidTools): Promise<void> {
  const { store, nowMs, random } = tools;
  const messages = await store.change<readonly OperationMessage[]>(async () => {
    const row = await requireBid(request, tools);
    if (row.value.phase === 'ended') return { writes: [], result: [] };
    const atMs = nowMs();
    const rows = await store.getAll(row.value.instances.map((id) => ref(INSTANCE, id)));
    const instances = rows.filter((instance) => instance !== undefined);
    for (const { value } of instances) requirePossible({ kind: 'delete', strictness: 'lenient' }, value);
    const { actor, requestId } = request;
    const ordered = orderOperations('delete', instances, { actor, requestId, atMs, random });
    return {
      writes: [
        ...ordered.writes,
        replace(row, endedBid(row.value, actor, atMs)),
        ...releaseVolumes(await bidVolumes(row.value, tools), tools),
      ],
      result: ordered.messages,
    };
  });
  await publishOperations(messages, tools);
}
