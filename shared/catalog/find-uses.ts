import {
  CUSTOMERS_OF_TIER,
  INSTANCES_OF_MACHINE_TYPE,
  INSTANCES_USING,
  LIVE_VOLUMES_OF_TYPE,
} from '#shared/datastore/queries.ts';
import { countUsers } from '#shared/datastore/count-users.ts';
import type { Shape } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';
import { usePath } from '#shared/domain/catalog-uses.ts';
import { USERS_SHOWN_MAX, type Use } from '#shared/domain/in-use.ts';
import type { SectionName } from './catalog.ts';
import type { Outlook } from './check-references.ts';

type Reader = Pick<Store, 'query' | 'count'>;

interface Question {
  readonly by: string;
  readonly shape: Shape;
  readonly property: string;
  readonly value: (id: string) => string;
}

const instancesUsing = (part: Parameters<typeof usePath>[0]): Question => ({
  by: 'instances',
  shape: INSTANCES_USING,
  property: 'uses',
  value: (id) => usePath(part, id),
});

const ofMachineType: Question = {
  by: 'instances',
  shape: INSTANCES_OF_MACHINE_TYPE,
  property: 'machineType',
  value: (id) => id,
};

/** For each section, the query that finds the users of an entry. */
const QUESTIONS: Readonly<Record<SectionName, Question>> = {
  tiers: { by: 'customers', shape: CUSTOMERS_OF_TIER, property: 'tier', value: (id) => id },
  templates: instancesUsing('template'),
  configs: instancesUsing('config'),
  serverTypes: instancesUsing('server type'),
  images: instancesUsing('image'),
  networks: instancesUsing('network'),
  subnets: instancesUsing('subnet'),
  securityGroups: instancesUsing('security group'),
  sshKeys: instancesUsing('ssh key'),
  prices: ofMachineType,
  spotPrices: ofMachineType,
  volumeTypes: { by: 'volumes', shape: LIVE_VOLUMES_OF_TYPE, property: 'liveType', value: (id) => id },
};

/** Returns the users of an entry; an entry without users may be removed. */
export async function findUses(
  reader: Reader,
  entry: { readonly section: SectionName; readonly what: string; readonly id: string },
  outlook: Outlook,
): Promise<readonly Use[]> {
  const { by, shape, property, value } = QUESTIONS[entry.section];
  const use = await countUsers(reader, { what: entry.what, by }, shape, {
    [property]: { stringValue: value(entry.id) },
  });
  const uses = use === undefined ? [] : [use];
  if (entry.section !== 'networks') return uses;

  const subnets = [...outlook.subnets].flatMap(([id, subnet]) => (subnet.vpcId === entry.id ? [id] : []));
  if (subnets.length === 0) return uses;
  return [
    ...uses,
    { what: entry.what, by: 'subnets', count: subnets.length, first: subnets.slice(0, USERS_SHOWN_MAX) },
  ];
}
