import { CUSTOMERS_PEOPLE } from '../engine/people.ts';
import { action, oneOf, share } from './action.ts';

/** The request bodies of edits. Protection is drawn most often, because it decides about deletes. */
const BODIES = {
  protect: { deletion_protection: true },
  unprotect: { deletion_protection: false },
  label: { labels: { env: 'production' } },
  unlabel: { labels: { env: null } },
  name: { display_name: 'web' },
} as const;

export const EDITS = {
  edit: action({
    weight: 9,
    draw: (random) => ({
      who: oneOf(CUSTOMERS_PEOPLE, random),
      which: share(random),
      what: oneOf(
        ['protect', 'protect', 'protect', 'unprotect', 'unprotect', 'label', 'unlabel', 'name'] as const,
        random,
      ),
    }),
    play: async ({ who, which, what }, play) => {
      const instance = await play.pick(which, play.person(who).customerId);
      if (instance === undefined) return;
      const { id } = instance;
      if (what === 'unprotect') play.protections.given(id);
      const path = `/api/compute/v1/instances/${id}`;
      const reply = await play.ask({ who, family: 'compute', method: 'PATCH', path, body: BODIES[what] });
      const isAccepted = reply !== undefined && reply.status < 300;
      if (what === 'protect' && isAccepted) play.protections.accepted(id, play.world.time.nowMs());
    },
  }),
} as const;
