import { pageDeadLetters } from '#shared/actions/dead-letters.ts';
import { presentDeadLetter } from '#shared/families/compute/present-desk.ts';
import { endpoint } from '#endpoints/admin-dead-letters-list.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openListCursors,
  handle: async ({ caller, query }, tools) => {
    const page = await pageDeadLetters({ caller, limit: query.limit, cursor: query.cursor }, tools);
    return { status: 200, body: { deadLetters: page.letters.map(presentDeadLetter), nextCursor: page.cursor ?? null } };
  },
});
