import { listAudit } from '#shared/actions/read-audit.ts';
import { endpoint } from '#endpoints/admin-audit-list.ts';
import { presentAuditEntry, toAuditQuery } from '#shared/families/compute/present-audit.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openListCursors,
  handle: async ({ caller, query }, tools) => {
    const { limit, cursor } = query;
    const page = await listAudit({ caller, query: toAuditQuery(query), limit, cursor }, tools);
    return { status: 200, body: { entries: page.entries.map(presentAuditEntry), nextCursor: page.cursor ?? null } };
  },
});
