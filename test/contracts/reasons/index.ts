/**
 * Makes every endpoint reply with every reason that its contract names: the shipped functions in one process, in
 * virtual time, against emulators with injected faults. Prints one JSON object: the replies by endpoint, status and
 * reason, and one body per reason and family, which the OpenAPI document shows as its example.
 */
import { CONTRACTS } from '#shared/contracts/index.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { CLOUD_PROVOCATIONS } from './cloud-provocations.ts';
import { FLEET_PROVOCATIONS } from './fleet-provocations.ts';
import { INSTANCE_PROVOCATIONS } from './instance-provocations.ts';
import { REQUEST_PROVOCATIONS } from './request-provocations.ts';
import type { Callers, Provocations, TierName } from './scene.ts';
import { settledBody } from './settled-body.ts';
import { Stage } from './stage.ts';
import type { Walker } from '#test/support/walk-accounts.ts';

// Without this setting Google's libraries look for a metadata server.
process.env['METADATA_SERVER_DETECTION'] = 'none';

const PROVOCATIONS: Provocations = {
  ...REQUEST_PROVOCATIONS,
  ...CLOUD_PROVOCATIONS,
  ...INSTANCE_PROVOCATIONS,
  ...FLEET_PROVOCATIONS,
};

/** Runs only the provocation of this name (`--only NAME`), for use while it is being written. */
const [only] = process.argv.slice(2);

interface Sent {
  readonly endpoint: string;
  readonly reason: string;
  readonly status: number;
}

async function callersOf(stage: Stage, isAdmin: boolean): Promise<Callers> {
  const { accounts } = stage;
  const make: Callers['make'] = async ({ tier = 'walk', admin = isAdmin }) => {
    const walker = await accounts.walker(`walker-${stage.next()}`, { tier: tier === 'gone' ? 'walk' : tier, admin });
    if (tier === 'gone') await accounts.moveToTier(walker, 'not-in-the-catalogue');
    return walker;
  };
  const onTier = new Map<TierName, Walker>();
  return {
    able: await make({}),
    unseen: await make({}),
    of: async (tier) => {
      const walker = onTier.get(tier) ?? (await make({ tier }));
      onTier.set(tier, walker);
      return walker;
    },
    make,
  };
}

async function walk(stage: Stage) {
  const sent: Sent[] = [];
  const bodies: Record<string, Record<string, unknown>> = {};
  stage.onReply = ({ name, family }, { headers, status, body }) => {
    const reason = headers['x-error-reason'];
    if (reason === undefined) return;
    sent.push({ endpoint: name, reason, status });
    (bodies[family] ??= {})[reason] ??= settledBody(body);
  };
  const { accounts } = stage;
  await accounts.tier('walk', -1);
  await accounts.tier('nothing', 0);
  await accounts.tier('narrow', 1);
  await accounts.tier('single', -1, 1);
  const all = await accounts.store.get(ref(TIER, 'walk'));
  if (all === undefined) throw new Error('There is no tier.');
  await accounts.store.write([put(TIER, 'few-gb', { ...all.value, name: 'few-gb', maxVolumeGb: 5 })]);
  const [users, administrators] = [await callersOf(stage, false), await callersOf(stage, true)];
  const slow: [number, string][] = [];
  for (const contract of CONTRACTS.filter(({ name }) => only === undefined || name === only)) {
    const callers = contract.role === null ? users : administrators;
    const contracts = (name: string) => CONTRACTS.find((one) => one.name === name) ?? contract;
    for (const reason of contract.failures) {
      const startedAt = process.hrtime.bigint();
      await PROVOCATIONS[reason]?.({ contract, contracts, stage, callers });
      slow.push([Number((process.hrtime.bigint() - startedAt) / 1_000_000n), `${contract.name} ${reason}`]);
    }
  }
  if (process.env['SLOW'] !== undefined) console.error(slow.sort(([a], [b]) => b - a).slice(0, 30));
  return { sent, bodies };
}

const found = await Stage.play(walk);
process.stdout.write(JSON.stringify(found), () => process.exit(0));
