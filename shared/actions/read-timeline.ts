import type { Owned } from '#shared/domain/access.ts';
import { idOf } from '#shared/domain/fids.ts';
import { eventId, type InstanceEvent } from '#shared/domain/history.ts';
import { periodId, type PricePeriod } from '#shared/domain/metering.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { HistorySelector } from '#shared/datastore/list-filters.ts';
import { priceTimeline, statusTimeline } from '#shared/datastore/queries.ts';
import type { Range, Shape } from '#shared/datastore/query.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';
import { isInProjects, requireProject } from './require-project.ts';
import { scanPage } from '#shared/pagination/scan-page.ts';

export interface TimelineRequest {
  readonly caller: Principal;
  readonly project: string;
  /** fids; they combine with AND, and none of them is the whole project. */
  readonly selectors: { readonly instance?: string; readonly bid?: string; readonly reservation?: string };
  /** RFC 3339; what is kept is `start` ≤ t < `end`. */
  readonly window: { readonly start?: string; readonly end?: string };
  /** Counts events, not instances. */
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface TimelinePage<T> {
  readonly items: readonly T[];
  readonly cursor: string | undefined;
}

/** What tells the two histories apart. */
interface Timeline<T> {
  readonly name: string;
  readonly shape: (selectors: ReadonlySet<HistorySelector>) => Shape<T>;
  readonly positionOf: (item: T) => string;
}

const STATUSES: Timeline<InstanceEvent> = {
  name: 'statuses',
  shape: statusTimeline,
  positionOf: ({ atMs, instanceId, sequence }) => position(timeText(atMs), eventId(instanceId, sequence)),
};

const PRICES: Timeline<PricePeriod> = {
  name: 'prices',
  shape: priceTimeline,
  positionOf: ({ startMs, instanceId, sequence }) => position(timeText(startMs), periodId(instanceId, sequence)),
};

/** A page of the changes of status in a project, oldest first; instances that are gone keep theirs. */
export function readStatusTimeline(request: TimelineRequest, tools: ListTools): Promise<TimelinePage<InstanceEvent>> {
  return readTimeline(STATUSES, request, tools);
}

/** A page of the price periods in a project, by when they began, oldest first. */
export function readPriceTimeline(request: TimelineRequest, tools: ListTools): Promise<TimelinePage<PricePeriod>> {
  return readTimeline(PRICES, request, tools);
}

async function readTimeline<T extends Owned & { readonly project: string }>(
  timeline: Timeline<T>,
  request: TimelineRequest,
  { store, cursors }: ListTools,
): Promise<TimelinePage<T>> {
  const { caller, project, selectors, window } = request;
  await requireProject(caller, project, { store });
  const scope = {
    list: `fleet-${timeline.name}`,
    caller,
    asked: [project, { ...NO_SELECTORS, ...selectors }, { ...NO_WINDOW, ...window }],
  };
  const place = request.cursor === undefined ? undefined : await cursors.open(request.cursor, scope);
  const range = boundsOf(request, place);
  const equal = equalities(selectors);
  // A fid that cannot be one names nothing.
  if (equal === undefined) return { items: [], cursor: undefined };
  const { values, end } = await scanPage<T>(
    {
      shape: timeline.shape(new Set(equal.keys())),
      values: {
        project: { stringValue: project },
        ...Object.fromEntries([...equal].map(([name, id]) => [name, { stringValue: id }])),
      },
      range,
      limit: request.limit,
      keep: (item) => isInProjects(caller, item),
      positionOf: timeline.positionOf,
    },
    { store },
  );
  return { items: values, cursor: end === undefined ? undefined : await cursors.seal(end, scope) };
}

/** So that the same request is the same scope, whichever members are written out. */
const NO_SELECTORS = { instance: null, bid: null, reservation: null };
const NO_WINDOW = { start: null, end: null };

function equalities({
  instance,
  bid,
  reservation,
}: TimelineRequest['selectors']): ReadonlyMap<HistorySelector, string> | undefined {
  const equal = new Map<HistorySelector, string>();
  if (instance !== undefined) {
    const id = idOf('instance', instance);
    if (id === undefined) return undefined;
    equal.set('instanceId', id);
  }
  if (bid !== undefined) equal.set('bid', bid);
  if (reservation !== undefined) equal.set('reservation', reservation);
  return equal;
}

/** Window and place of the cursor as bounds. Throws `invalid_request` for all that is wrong with them at once. */
function boundsOf({ window, cursor }: TimelineRequest, place: string | undefined): Range {
  const start = timeOf(window.start);
  const end = timeOf(window.end);
  const wrong = [
    ...(Number.isNaN(start) ? [noSuchTime('/start_time')] : []),
    ...(Number.isNaN(end) ? [noSuchTime('/end_time')] : []),
    ...(cursor !== undefined && place === undefined ? [foreignCursor('next_cursor')] : []),
  ];
  if (wrong.length > 0) throw invalidQuery(wrong);
  return {
    ...(start === undefined ? {} : { atLeast: timeText(start) }),
    ...(end === undefined ? {} : { below: timeText(end) }),
    ...(place === undefined ? {} : { above: place }),
  };
}

function noSuchTime(pointer: string) {
  return { pointer, message: 'is not a time that exists', rule: 'time' };
}

/** Epoch ms; NaN for a day that no month has. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})/.exec(text) ?? [];
  const calendar = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (calendar.getUTCMonth() !== Number(month) - 1) return Number.NaN;
  // No clock of ours has leap seconds: such a one counts as the second before.
  return Date.parse(text.toUpperCase().replace(/:60(?=[.Z+-])/, ':59'));
}
