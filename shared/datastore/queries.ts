import type { Subnet } from '#shared/domain/catalog.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import type { AuditEntry } from '#shared/domain/audit.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { PricePeriod } from '#shared/domain/metering.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Orders } from '#shared/domain/orders.ts';
import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import type { Volume } from '#shared/domain/volume.ts';
import {
  API_KEY,
  type ApiKey,
  type Customer,
  CUSTOMER,
  ORDERS,
  type Project,
  PROJECT,
  type Session,
  SESSION,
  SUSPENSION,
  type User,
  USER,
} from './account-rows.ts';
import { AUDIT_ENTRY } from './audit-rows.ts';
import { BIDS_OF_PROJECT, BIDS_WAITING_FOR_ROOM, DUE_BIDS, HELD_BIDS, LIVE_BIDS_OF_PROJECT } from './bid-queries.ts';
import { DEAD_LETTER, type DeadLetter, type Orphan, ORPHAN, type Usage, USAGE } from './bookkeeping-rows.ts';
import {
  IMAGE,
  NETWORK,
  NETWORK_CONFIG,
  PRICE,
  SECURITY_GROUP,
  SERVER_TYPE,
  SPOT_PRICE,
  SSH_KEY,
  SUBNET,
  TEMPLATE,
  TIER,
  VOLUME_TYPE,
} from './catalog-rows.ts';
import type { Kind } from './kind.ts';
import {
  AUDIT_FILTERS,
  type AuditFilter,
  HISTORY_SELECTORS,
  type HistorySelector,
  LIST_FILTERS,
  type ListFilter,
  OPERATION_FILTERS,
  type OperationFilter,
  PROJECT_SORTS,
  type ProjectSort,
} from './list-filters.ts';
import type { Direction, Shape } from './query.ts';
import { EVENT, INSTANCE, OPERATION, PRICE_PERIOD } from './rows.ts';
import { PROJECT_SSH_KEY } from './ssh-key-rows.ts';
import { INSTANCES_BY_ZONE, INSTANCES_OF_ZONE, VOLUMES_BY_ZONE, VOLUMES_OF_ZONE } from './sweep-queries.ts';
import { ORPHAN_DISK, type OrphanDisk, STOCKOUT, VOLUME } from './volume-rows.ts';

export * from './bid-queries.ts';
export * from './sweep-queries.ts';

/*
 * All queries of the project. They must be defined here, because a test proves that each of them is served by an index.
 */

const BY_KEY: Shape['order'] = [{ property: '__key__', direction: 'asc' }];

function all<T>(kind: Kind<T>): Shape<T> {
  return { kind, equal: [], order: BY_KEY };
}

// Instances and what happens to them

export const ALL_INSTANCES = all(INSTANCE);

/** One query per set of filters, newest first. */
const NEWEST: ReadonlyMap<string, Shape<Instance>> = new Map(
  Array.from({ length: 2 ** LIST_FILTERS.length }, (_, bits) => {
    const equal = LIST_FILTERS.filter((_name, i) => (bits & (1 << i)) !== 0);
    return [equal.join(), { kind: INSTANCE, equal, order: [{ property: 'createdAtMs', direction: 'desc' }] }];
  }),
);
export const NEWEST_INSTANCES: readonly Shape<Instance>[] = [...NEWEST.values()];

/** Finds the instances that match all filters, newest first. */
export function newestInstances(filters: ReadonlySet<ListFilter>): Shape<Instance> {
  const shape = NEWEST.get(LIST_FILTERS.filter((name) => filters.has(name)).join());
  if (shape === undefined) throw new Error('There is a query for every set of filters.');
  return shape;
}

/** Newest first. */
export const INSTANCES_OF_USER = newestInstances(new Set(['userId']));
/** The same, sorted by position, for pages whose cursor is a position. */
export const INSTANCES_OF_USER_BY_POSITION: Shape<Instance> = {
  kind: INSTANCE,
  equal: ['userId'],
  range: 'byCreated',
  order: [{ property: 'byCreated', direction: 'desc' }],
};
/** Used for counting. */
export const INSTANCES_OF_CUSTOMER = newestInstances(new Set(['customerId']));

/** Finds the instances created from one entry of the catalogue; the value is a `usePath`. */
export const INSTANCES_USING: Shape<Instance> = { kind: INSTANCE, equal: ['uses'], order: BY_KEY };

export const INSTANCES_OF_MACHINE_TYPE: Shape<Instance> = { kind: INSTANCE, equal: ['machineType'], order: BY_KEY };

export const INSTANCES_OWNED: Shape<Instance> = { kind: INSTANCE, equal: ['userId'], order: BY_KEY };

/** Finds the instances that use a reservation. */
export const INSTANCES_OF_RESERVATION: Shape<Instance> = { kind: INSTANCE, equal: ['reservation'], order: BY_KEY };

/** Finds instances whose VM is due for a check, the longest due first. */
export const DUE_INSTANCES: Shape<Instance> = {
  kind: INSTANCE,
  equal: [],
  atMost: 'checkAtMs',
  order: [{ property: 'checkAtMs', direction: 'asc' }],
};

/** Finds operations that have not ended, oldest first. */
export const OPEN_OPERATIONS: Shape<Operation> = {
  kind: OPERATION,
  equal: [],
  atMost: 'openSince',
  order: [{ property: 'openSince', direction: 'asc' }],
};

const LISTED: ReadonlyMap<string, Shape<Operation>> = new Map(
  subsets(OPERATION_FILTERS).map((equal): [string, Shape<Operation>] => [
    equal.join(),
    { kind: OPERATION, equal, range: 'listed', order: [{ property: 'listed', direction: 'desc' }] },
  ]),
);
export const LISTED_OPERATIONS: readonly Shape<Operation>[] = [...LISTED.values()];

/** Finds the operations that match all filters, newest first. */
export function listedOperations(filters: ReadonlySet<OperationFilter>): Shape<Operation> {
  const shape = LISTED.get(OPERATION_FILTERS.filter((name) => filters.has(name)).join());
  if (shape === undefined) throw new Error('There is a query for every set of filters.');
  return shape;
}

/** Newest first. */
export const EVENTS_OF_INSTANCE: Shape<InstanceEvent> = {
  kind: EVENT,
  equal: ['instanceId'],
  order: [{ property: 'sequence', direction: 'desc' }],
};

/** Finds events up to a sequence number, newest first. */
export const EARLIER_EVENTS_OF_INSTANCE: Shape<InstanceEvent> = {
  kind: EVENT,
  equal: ['instanceId'],
  atMost: 'sequence',
  order: [{ property: 'sequence', direction: 'desc' }],
};

/** Price periods of both meters, newest first. */
export const PERIODS_OF_INSTANCE: Shape<PricePeriod> = {
  kind: PRICE_PERIOD,
  equal: ['instanceId'],
  order: [{ property: 'sequence', direction: 'desc' }],
};

// Lists of the fleet family, within a project

const DIRECTIONS: readonly Direction[] = ['asc', 'desc'];
const SORTED: ReadonlyMap<string, Shape<Instance>> = new Map(
  PROJECT_SORTS.flatMap((property) =>
    DIRECTIONS.map((direction): [string, Shape<Instance>] => [
      `${property} ${direction}`,
      { kind: INSTANCE, equal: ['project'], range: property, order: [{ property, direction }] },
    ]),
  ),
);
export const INSTANCES_OF_PROJECT: readonly Shape<Instance>[] = [...SORTED.values()];

/** Finds the instances of a project in a total order (each position is unique). */
export function projectInstances(sort: ProjectSort, direction: Direction): Shape<Instance> {
  const shape = SORTED.get(`${sort} ${direction}`);
  if (shape === undefined) throw new Error('There is a query for every order.');
  return shape;
}

/** Returns one query per set of selectors, oldest first. */
function timelines<T>(kind: Kind<T>): ReadonlyMap<string, Shape<T>> {
  return new Map(
    subsets(HISTORY_SELECTORS).map((selectors): [string, Shape<T>] => [
      selectors.join(),
      {
        kind,
        equal: ['project', ...selectors],
        range: 'timeline',
        order: [{ property: 'timeline', direction: 'asc' }],
      },
    ]),
  );
}

const STATUS_TIMELINES = timelines(EVENT);
const PRICE_TIMELINES = timelines(PRICE_PERIOD);
export const HISTORIES_OF_PROJECT: readonly Shape[] = [...STATUS_TIMELINES.values(), ...PRICE_TIMELINES.values()];

/** Finds the status changes in a project that match all selectors. */
export function statusTimeline(selectors: ReadonlySet<HistorySelector>): Shape<InstanceEvent> {
  return timelineOf(STATUS_TIMELINES, selectors);
}

/** Finds the price periods in a project that match all selectors. */
export function priceTimeline(selectors: ReadonlySet<HistorySelector>): Shape<PricePeriod> {
  return timelineOf(PRICE_TIMELINES, selectors);
}

function timelineOf<T>(shapes: ReadonlyMap<string, Shape<T>>, selectors: ReadonlySet<HistorySelector>): Shape<T> {
  const shape = shapes.get(HISTORY_SELECTORS.filter((name) => selectors.has(name)).join());
  if (shape === undefined) throw new Error('There is a query for every set of selectors.');
  return shape;
}

/** Returns every subset of a short list, each in the list's order. */
function subsets<const T>(members: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: 2 ** members.length }, (_, bits) =>
    members.filter((_member, i) => (bits & (1 << i)) !== 0),
  );
}

export const DUE_ORPHANS: Shape<Orphan> = {
  kind: ORPHAN,
  equal: [],
  atMost: 'dueAtMs',
  order: [{ property: 'dueAtMs', direction: 'asc' }],
};

// Dead letters

/** Newest first. */
export const NEWEST_DEAD_LETTERS: Shape<DeadLetter> = {
  kind: DEAD_LETTER,
  equal: [],
  order: [{ property: 'recordedAtMs', direction: 'desc' }],
};

// Audit trail

const AUDITS: ReadonlyMap<string, Shape<AuditEntry>> = new Map(
  subsets(AUDIT_FILTERS).map((filters): [string, Shape<AuditEntry>] => [
    filters.join(),
    { kind: AUDIT_ENTRY, equal: filters, range: 'id', order: [{ property: 'id', direction: 'asc' }] },
  ]),
);
export const AUDIT_TRAILS: readonly Shape<AuditEntry>[] = [...AUDITS.values()];

/** Finds the audit entries that match all filters, newest first, because ids decrease over time. */
export function auditTrail(filters: ReadonlySet<AuditFilter>): Shape<AuditEntry> {
  const shape = AUDITS.get(AUDIT_FILTERS.filter((name) => filters.has(name)).join());
  if (shape === undefined) throw new Error('There is a query for every set of filters.');
  return shape;
}

// Volumes

export const ALL_VOLUMES = all(VOLUME);
export const VOLUMES_OF_PROJECT: Shape<Volume> = { kind: VOLUME, equal: ['project'], order: BY_KEY };
export const LIVE_VOLUMES_OF_PROJECT: Shape<Volume> = { kind: VOLUME, equal: ['project', 'live'], order: BY_KEY };
export const LIVE_VOLUMES_OF_CUSTOMER: Shape<Volume> = { kind: VOLUME, equal: ['customerId', 'live'], order: BY_KEY };

/** Used to count the users of a catalogue entry. */
export const LIVE_VOLUMES_OF_TYPE: Shape<Volume> = { kind: VOLUME, equal: ['liveType'], order: BY_KEY };

/** Finds volumes that are due for a check, the longest due first. */
export const DUE_VOLUMES: Shape<Volume> = {
  kind: VOLUME,
  equal: [],
  atMost: 'checkAtMs',
  order: [{ property: 'checkAtMs', direction: 'asc' }],
};

export const DUE_ORPHAN_DISKS: Shape<OrphanDisk> = {
  kind: ORPHAN_DISK,
  equal: [],
  atMost: 'dueAtMs',
  order: [{ property: 'dueAtMs', direction: 'asc' }],
};

export const ALL_STOCKOUTS = all(STOCKOUT);

// Accounts

export const ALL_CUSTOMERS = all(CUSTOMER);
export const ALL_SUSPENSIONS = all(SUSPENSION);
export const CUSTOMERS_OF_TIER: Shape<Customer> = { kind: CUSTOMER, equal: ['tier'], order: BY_KEY };
export const ALL_USAGES: Shape<Usage> = all(USAGE);
export const ALL_USERS = all(USER);
export const USERS_OF_CUSTOMER: Shape<User> = { kind: USER, equal: ['customerId'], order: BY_KEY };
export const ALL_PROJECTS = all(PROJECT);
export const PROJECTS_OF_CUSTOMER: Shape<Project> = { kind: PROJECT, equal: ['customerId'], order: BY_KEY };
export const ALL_ORDERS: Shape<Orders> = all(ORDERS);
export const ALL_API_KEYS = all(API_KEY);
export const API_KEYS_OF_USER: Shape<ApiKey> = { kind: API_KEY, equal: ['userId'], order: BY_KEY };
export const ALL_SESSIONS = all(SESSION);
export const SESSIONS_OF_USER: Shape<Session> = { kind: SESSION, equal: ['userId'], order: BY_KEY };

// Keys that users store

/** Finds the keys of a project or user, oldest first; the value is a `holderOf`. */
export const SSH_KEYS_HELD: Shape<ProjectSshKey> = { kind: PROJECT_SSH_KEY, equal: ['holder'], order: BY_KEY };
/** Finds the keys that instances get without being named: default and required keys. */
export const SSH_KEYS_GIVEN: Shape<ProjectSshKey> = { kind: PROJECT_SSH_KEY, equal: ['givenBy'], order: BY_KEY };

// Catalogue

export const ALL_TIERS = all(TIER);
export const ALL_TEMPLATES = all(TEMPLATE);
export const ALL_NETWORK_CONFIGS = all(NETWORK_CONFIG);
export const ALL_SERVER_TYPES = all(SERVER_TYPE);
export const ALL_IMAGES = all(IMAGE);
export const ALL_NETWORKS = all(NETWORK);
export const ALL_SUBNETS = all(SUBNET);
/** Finds the subnets of one VPC. */
export const SUBNETS_OF_VPC: Shape<Subnet> = { kind: SUBNET, equal: ['vpcId'], order: BY_KEY };
export const ALL_SECURITY_GROUPS = all(SECURITY_GROUP);
export const ALL_SSH_KEYS = all(SSH_KEY);
export const ALL_PRICES = all(PRICE);
export const ALL_SPOT_PRICES = all(SPOT_PRICE);
export const ALL_VOLUME_TYPES = all(VOLUME_TYPE);

/** The shapes of all queries, for the test that an index serves each of them. */
export const QUERY_SHAPES: readonly Shape[] = [
  ALL_INSTANCES,
  ...NEWEST_INSTANCES,
  INSTANCES_OF_USER_BY_POSITION,
  INSTANCES_USING,
  INSTANCES_OF_MACHINE_TYPE,
  INSTANCES_OWNED,
  INSTANCES_OF_ZONE,
  INSTANCES_BY_ZONE,
  INSTANCES_OF_RESERVATION,
  DUE_INSTANCES,
  OPEN_OPERATIONS,
  ...LISTED_OPERATIONS,
  EVENTS_OF_INSTANCE,
  EARLIER_EVENTS_OF_INSTANCE,
  PERIODS_OF_INSTANCE,
  ...INSTANCES_OF_PROJECT,
  ...BIDS_OF_PROJECT,
  DUE_BIDS,
  HELD_BIDS,
  LIVE_BIDS_OF_PROJECT,
  BIDS_WAITING_FOR_ROOM,
  ...HISTORIES_OF_PROJECT,
  DUE_ORPHANS,
  NEWEST_DEAD_LETTERS,
  ...AUDIT_TRAILS,
  ALL_VOLUMES,
  VOLUMES_OF_ZONE,
  VOLUMES_BY_ZONE,
  VOLUMES_OF_PROJECT,
  LIVE_VOLUMES_OF_PROJECT,
  LIVE_VOLUMES_OF_CUSTOMER,
  LIVE_VOLUMES_OF_TYPE,
  DUE_VOLUMES,
  DUE_ORPHAN_DISKS,
  ALL_STOCKOUTS,
  ALL_CUSTOMERS,
  ALL_SUSPENSIONS,
  CUSTOMERS_OF_TIER,
  ALL_USAGES,
  ALL_USERS,
  USERS_OF_CUSTOMER,
  ALL_PROJECTS,
  PROJECTS_OF_CUSTOMER,
  ALL_ORDERS,
  ALL_API_KEYS,
  API_KEYS_OF_USER,
  ALL_SESSIONS,
  SESSIONS_OF_USER,
  SSH_KEYS_HELD,
  SSH_KEYS_GIVEN,
  ALL_TIERS,
  ALL_TEMPLATES,
  ALL_NETWORK_CONFIGS,
  ALL_SERVER_TYPES,
  ALL_IMAGES,
  ALL_NETWORKS,
  ALL_SUBNETS,
  SUBNETS_OF_VPC,
  ALL_SECURITY_GROUPS,
  ALL_SSH_KEYS,
  ALL_PRICES,
  ALL_SPOT_PRICES,
  ALL_VOLUME_TYPES,
];
