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
  /** Fids. All of them must match; without any, the whole project is read. */
  readonly selectors: { readonly instance?: string; readonly bid?: string; readonly reservation?: string };
  /** RFC 3339; matches events with `start` ≤ time < `end`. */
  readonly window: { readonly start?: string; readonly end?: string };
  /** Maximum number of events (not instances) per page. */
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface TimelinePage<T> {
  readonly items: readonly T[];
  readonly cursor: string | undefined;
}

/** How the status history and the price history differ. */
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

/** Reads one page of the status changes in a project, oldest first, including those of deleted instances. */
export function readStatusTimeline(request: TimelineRequest, tools: ListTools): Promise<TimelinePage<InstanceEvent>> {
  return readTimeline(STATUSES, request, tools);
}

/** Reads one page of the price periods in a project, ordered by their start, oldest first. */
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
  // A fid of the wrong format matches nothing.
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

/** Absent members are written as null, so that equal requests have equal cursor scopes. */
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

/**
 * Converts window and cursor to bounds of the query. Throws one `invalid_request` that names every invalid parameter.
 */
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

/** Returns epoch ms; NaN for a day that the month does not have. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})/.exec(text) ?? [];
  const calendar = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (calendar.getUTCMonth() !== Number(month) - 1) return Number.NaN;
  // JavaScript's clock has no leap seconds, so second 60 is read as 59.
  return Date.parse(text.toUpperCase().replace(/:60(?=[.Z+-])/, ':59'));
}
