import { instanceNotFound } from '#shared/domain/access.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { readInstance } from './read-instance.ts';
import { isInProjects } from './require-project.ts';

/** Like `readInstance`, for an instance in one of the caller's projects. Throws `not_found` for any other. */
export async function readProjectInstance(
  request: { readonly fid: string; readonly caller: Principal },
  tools: Pick<Tools, 'store' | 'compute' | 'nowMs' | 'sleep' | 'log'>,
): Promise<Awaited<ReturnType<typeof readInstance>>> {
  const instanceId = idOf('instance', request.fid);
  if (instanceId === undefined) throw instanceNotFound();
  const reading = await readInstance({ ...request, instanceId }, tools);
  if (!isInProjects(request.caller, reading.instance)) throw instanceNotFound();
  return reading;
}
