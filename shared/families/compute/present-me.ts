import type { Me } from '#shared/actions/read-me.ts';
import { timestamp } from '../timestamp.ts';

export function presentMe({ caller, userName, customerName, projects }: Me) {
  const { type, id, expiresAtMs } = caller.credential;
  return {
    userId: caller.userId,
    name: userName,
    customerId: caller.customerId,
    customerName,
    tierName: caller.tier,
    projects,
    groups: caller.groups,
    roles: caller.roles,
    credential: { type, id, expiresAt: expiresAtMs === undefined ? null : timestamp(expiresAtMs) },
  };
}
