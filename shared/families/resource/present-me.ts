import type { Me } from '#shared/actions/read-me.ts';
import { timestamp } from '../timestamp.ts';

export function presentMe({ caller, userName, customerName, projects }: Me) {
  const { type, id, expiresAtMs } = caller.credential;
  return {
    id: caller.userId,
    metadata: { name: userName },
    spec: {
      customer_id: caller.customerId,
      customer_name: customerName,
      tier: caller.tier,
      projects,
      groups: caller.groups,
      roles: caller.roles,
    },
    credential: { type, id, expires_at: expiresAtMs === undefined ? null : timestamp(expiresAtMs) },
  };
}
