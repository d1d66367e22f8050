import { listReservations } from '#shared/actions/list-reservations.ts';
import { endpoint } from '#endpoints/fleet-reservations-list.ts';
import { presentReservation } from '#shared/families/fleet/present-reservation.ts';
import { toReservationList } from '#shared/families/fleet/to-bid-request.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openListCursors,
  handle: async ({ query, caller }, tools) => {
    const { reservations, cursor } = await listReservations({ caller, ...toReservationList(query) }, tools);
    const nowMs = tools.nowMs();
    return {
      status: 200,
      body: { data: reservations.map((listed) => presentReservation(listed, nowMs)), next_cursor: cursor ?? null },
    };
  },
});
