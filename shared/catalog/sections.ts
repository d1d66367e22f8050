import {
  IMAGE,
  NETWORK,
  NETWORK_CONFIG,
  NO_EXTRAS,
  PRICE,
  SECURITY_GROUP,
  SERVER_TYPE,
  SPOT_PRICE,
  SSH_KEY,
  SUBNET,
  TEMPLATE,
  TIER,
  UNSAID_TRAITS,
  VOLUME_TYPE,
} from '#shared/datastore/catalog-rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import {
  ALL_IMAGES,
  ALL_NETWORK_CONFIGS,
  ALL_NETWORKS,
  ALL_PRICES,
  ALL_SECURITY_GROUPS,
  ALL_SERVER_TYPES,
  ALL_SPOT_PRICES,
  ALL_SSH_KEYS,
  ALL_SUBNETS,
  ALL_TEMPLATES,
  ALL_TIERS,
  ALL_VOLUME_TYPES,
} from '#shared/datastore/queries.ts';
import type { Shape } from '#shared/datastore/query.ts';
import { erase, put, type Write } from '#shared/datastore/write.ts';
import type { Price, PriceStep } from '#shared/domain/price.ts';
import type { SpotPrice } from '#shared/domain/spot-price.ts';
import { DISABLED } from '#shared/domain/tier.ts';
import type { AnyEntry, Entries, PriceStepEntry, SectionName } from './catalog.ts';

/** How one section of the catalogue is stored and converted. */
export interface Section {
  readonly name: SectionName;
  /** Singular name of an entry: `tier`, `server type`. */
  readonly word: string;
  readonly rows: Shape;
  /** Converts a row to an entry in the file's format. */
  toEntry(row: unknown): AnyEntry;
  /** Normalizes an entry to the form in which it would be read back: defaults, and one spelling of times. */
  normal(id: string, entry: AnyEntry): AnyEntry;
  put(id: string, entry: AnyEntry): Write;
  erase(id: string): Write;
}

interface SectionDefinition<S extends SectionName, T> {
  readonly name: S;
  readonly word: string;
  readonly kind: Kind<T>;
  readonly rows: Shape<T>;
  readonly toEntry: (row: T) => Entries[S];
  readonly toRow: (id: string, entry: Entries[S]) => T;
}

/**
 * Removes the section's type parameters, so that all sections fit one list. This is safe because a section only
 * receives entries of its own map.
 */
function section<S extends SectionName, T>(definition: SectionDefinition<S, T>): Section {
  const { name, word, kind, rows } = definition;
  const toRow = (id: string, entry: AnyEntry) => definition.toRow(id, entry as unknown as Entries[S]);
  return {
    name,
    word,
    rows,
    toEntry: (row) => definition.toEntry(row as T),
    normal: (id, entry) => definition.toEntry(toRow(id, entry)),
    put: (id, entry) => put(kind, id, toRow(id, entry)),
    erase: (id) => erase({ kind, id }),
  };
}

/** Omits the customer of an entry for all customers. */
function owned<T extends { readonly customerId: string }>(value: T): Omit<T, 'customerId'> & { customerId?: string } {
  const { customerId, ...rest } = value;
  return customerId === '' ? rest : { customerId, ...rest };
}

/** Omits the id, which is the entry's key in the file. */
function withoutId<T extends { readonly id: string }>(row: T): Omit<T, 'id'> {
  const entry: Omit<T, 'id'> & { id?: string } = { ...row };
  delete entry.id;
  return entry;
}

/** Omits members that have their default values. */
function withoutUnsaid<T extends object, D extends Partial<T>>(
  entry: T,
  unsaid: D,
): Omit<T, keyof D> & { [M in keyof D & keyof T]?: T[M] } {
  const said = Object.entries(entry).filter(
    ([member, value]) => !(member in unsaid) || value !== Reflect.get(unsaid, member),
  );
  return Object.fromEntries(said) as Omit<T, keyof D> & { [M in keyof D & keyof T]?: T[M] };
}

/** Formats a time as RFC 3339 in UTC, without a zero fraction. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** Converts a price entry to its stored form. */
export function toPrice(machineType: string, { steps }: Entries['prices']): Price {
  return { machineType, steps: toSteps(steps) };
}

/** Converts a spot price entry to its stored form. */
export function toSpotPrice(machineType: string, { steps, zones = {} }: Entries['spotPrices']): SpotPrice {
  return { machineType, steps: toSteps(steps), zones: mapValues(zones, toSteps) };
}

function toSteps(steps: readonly PriceStepEntry[]): readonly PriceStep[] {
  return steps.map(({ priceCents, from }) => ({ priceCents, fromMs: Date.parse(from) }));
}

function toStepEntries(steps: readonly PriceStep[]): readonly PriceStepEntry[] {
  return steps.map(({ priceCents, fromMs }) => ({ priceCents, from: timeText(fromMs) }));
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

/** All sections in the order of writing: an entry is written before those that refer to it, and removed after them. */
export const SECTIONS: readonly Section[] = [
  section({
    name: 'tiers',
    word: 'tier',
    kind: TIER,
    rows: ALL_TIERS,
    toEntry: ({ maxInstances, maxVolumeGb, perMinute }) => ({ maxInstances, maxVolumeGb, perMinute }),
    toRow: (name, entry) => ({ maxVolumeGb: DISABLED, ...entry, name }),
  }),
  section({
    name: 'prices',
    word: 'price',
    kind: PRICE,
    rows: ALL_PRICES,
    toEntry: ({ steps }) => ({ steps: toStepEntries(steps) }),
    toRow: toPrice,
  }),
  section({
    name: 'spotPrices',
    word: 'spot price',
    kind: SPOT_PRICE,
    rows: ALL_SPOT_PRICES,
    toEntry: ({ steps, zones }) => ({
      steps: toStepEntries(steps),
      ...(Object.keys(zones).length === 0 ? {} : { zones: mapValues(zones, toStepEntries) }),
    }),
    toRow: toSpotPrice,
  }),
  section({
    name: 'templates',
    word: 'template',
    kind: TEMPLATE,
    rows: ALL_TEMPLATES,
    toEntry: (row) => withoutUnsaid(withoutId(row), { ...NO_EXTRAS, ...UNSAID_TRAITS }),
    toRow: (id, entry) => ({ ...NO_EXTRAS, ...UNSAID_TRAITS, id, ...entry }),
  }),
  section({
    name: 'configs',
    word: 'config',
    kind: NETWORK_CONFIG,
    rows: ALL_NETWORK_CONFIGS,
    toEntry: withoutId,
    toRow: (id, entry) => ({ id, ...entry }),
  }),
  section({
    name: 'serverTypes',
    word: 'server type',
    kind: SERVER_TYPE,
    rows: ALL_SERVER_TYPES,
    toEntry: (row) => withoutUnsaid(owned(withoutId(row)), NO_EXTRAS),
    toRow: (id, entry) => ({ customerId: '', ...NO_EXTRAS, ...entry, id }),
  }),
  section({
    name: 'images',
    word: 'image',
    kind: IMAGE,
    rows: ALL_IMAGES,
    toEntry: (row) => withoutUnsaid(owned(withoutId(row)), UNSAID_TRAITS),
    toRow: (id, entry) => ({ customerId: '', ...UNSAID_TRAITS, ...entry, id }),
  }),
  section({
    name: 'networks',
    word: 'network',
    kind: NETWORK,
    rows: ALL_NETWORKS,
    toEntry: (row) => owned(withoutId(row)),
    toRow: (id, entry) => ({ customerId: '', ...entry, id }),
  }),
  section({
    name: 'subnets',
    word: 'subnet',
    kind: SUBNET,
    rows: ALL_SUBNETS,
    toEntry: (row) => owned(withoutId(row)),
    toRow: (id, entry) => ({ customerId: '', ...entry, id }),
  }),
  section({
    name: 'securityGroups',
    word: 'security group',
    kind: SECURITY_GROUP,
    rows: ALL_SECURITY_GROUPS,
    toEntry: (row) => owned(withoutId(row)),
    toRow: (id, entry) => ({ customerId: '', ...entry, id }),
  }),
  section({
    name: 'sshKeys',
    word: 'ssh key',
    kind: SSH_KEY,
    rows: ALL_SSH_KEYS,
    toEntry: (row) => owned(withoutId(row)),
    toRow: (id, entry) => ({ customerId: '', ...entry, id }),
  }),
  section({
    name: 'volumeTypes',
    word: 'volume type',
    kind: VOLUME_TYPE,
    rows: ALL_VOLUME_TYPES,
    toEntry: withoutId,
    toRow: (id, entry) => ({ id, ...entry }),
  }),
];
