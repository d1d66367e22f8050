import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { isFinal } from '#shared/domain/operation.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { PRICE_PERIOD } from '#shared/datastore/rows.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { isTransitional } from '#shared/domain/status.ts';
import { isLive } from '#shared/domain/volume.ts';
import { atRest } from '#test/support/fleet-invariants.ts';
import { untruths } from '#test/support/history-checks.ts';
import { snapshotOf, violations } from '#test/support/invariant-checks.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import type { Action, Arguments } from './actions/action.ts';
import { BIDS } from './actions/bids.ts';
import { disturbances } from './actions/disturbances.ts';
import { EDITS } from './actions/edits.ts';
import { REQUESTS } from './actions/requests.ts';
import type { SimulatedCloud, World } from './engine/cloud.ts';
import { Play } from './play.ts';

/** One event of a history. */
export interface Step {
  /** Its number in the history as drawn; kept when shrinking leaves other steps out. */
  readonly number: number;
  readonly atMs: number;
  readonly action: string;
  readonly drawn: Arguments;
}

export interface Outcome {
  /** Every violation that was found; empty for a correct history. */
  readonly found: readonly string[];
  readonly logLines: readonly string[];
  /** Virtual time until everything was idle. */
  readonly tookMs: number;
}

export interface PlayOptions {
  readonly verbose: boolean;
  /**
   * False only in the simulation's own tests: without its sweep the platform leaves errors uncorrected, which the
   * checks must find.
   */
  readonly sweeps?: boolean;
}

/** Returns every action that a history can contain, by name. */
export function actions(manifest: FunctionManifest): Readonly<Record<string, Action>> {
  return { ...REQUESTS, ...EDITS, ...BIDS, ...disturbances(manifest) };
}

/**
 * What a history is mostly about: the steps it begins with, so that later ones have something to act on, and the
 * actions that are drawn more often.
 */
const THEMES = {
  machines: { first: ['create', 'create', 'createResource'], often: [] },
  bids: { first: ['volume', 'bid', 'bid'], often: Object.keys(BIDS) },
} as const satisfies Readonly<Record<string, { readonly first: readonly string[]; readonly often: readonly string[] }>>;
/** Share of the histories that are mostly about bids. */
const BIDS_SHARE = 0.35;
/** Factor by which the weight of a theme's own actions is raised. */
const OFTEN = 5;

/** Returns the history of a seed: its steps and their times. */
export function drawHistory(seed: number, table: Readonly<Record<string, Action>>): readonly Step[] {
  const random = seededRandom(seed);
  const steps: Step[] = [];
  let atMs = 0;
  const count = 12 + Math.floor(random.fraction() * 28);
  const { first, often } = random.fraction() < BIDS_SHARE ? THEMES.bids : THEMES.machines;
  const names = Object.keys(table);
  const frequent = new Set<string>(often);
  const weightOf = (name: string): number => (table[name]?.weight ?? 0) * (frequent.has(name) ? OFTEN : 1);
  const total = names.reduce((sum, name) => sum + weightOf(name), 0);
  while (steps.length < count) {
    let place = random.fraction() * total;
    const drawn = names.find((name) => (place -= weightOf(name)) < 0) ?? 'create';
    const name = first[steps.length] ?? drawn;
    steps.push({ number: steps.length, atMs: Math.round(atMs), action: name, drawn: table[name]?.draw(random) ?? {} });
    // Half of the steps overlap with the one before; some are so far apart that everything is idle in between.
    const dice = random.fraction();
    const most = dice < 0.5 ? 300 : dice < 0.85 ? 8_000 : 100_000;
    atMs += random.fraction() * most;
  }
  return steps;
}

const SWEEP_MS = 60_000;
/** Waiting for a VM takes an hour at most; operations queued behind that wait come after it. */
const REST_SWEEPS_MAX = 150;
/** Faults can make three sweeps in a row fail; a round in slices takes as many sweeps again. */
const BLIND_MS = 4 * SWEEP_MS;

/**
 * Plays the steps in a new world, waits until everything is idle, and compares records and histories with the cloud.
 */
export async function playHistory(
  cloud: SimulatedCloud,
  { seed, steps }: { readonly seed: number; readonly steps: readonly Step[] },
  options: PlayOptions,
): Promise<Outcome> {
  const { time } = cloud;
  const world = await cloud.world(seed, options);
  const play = new Play(world, cloud.manifest.functions);
  const table = actions(cloud.manifest);
  const schedule = new Schedule(world, options.sweeps ?? true);
  await Promise.all(
    steps.map(async ({ atMs, action, drawn }) => {
      await time.sleep(atMs);
      await table[action]?.play(drawn, play);
    }),
  );
  world.faults.clear();
  world.deployment.calm();
  const found = [...play.found, ...(await rest(play))];
  schedule.stop();
  const periods = await play.records.all(PRICE_PERIOD);
  const { compute } = world;
  const seen = { calls: compute.calls(), machines: compute.machines(), disks: compute.disks() };
  const snapshot = await snapshotOf(play.records, seen);
  found.push(
    ...violations(snapshot),
    ...play.protections.violations(snapshot.calls, snapshot.operations),
    ...untruths({
      log: world.compute.machineHistory(),
      calls: snapshot.calls,
      events: snapshot.events,
      operations: snapshot.operations,
      periods: periods.map(({ value }) => value),
      nowMs: time.nowMs(),
      blindMs: world.sweepsInSlices ? 2 * BLIND_MS : BLIND_MS,
      behindMs: world.deployment.mostBehindMs,
      aheadMs: world.deployment.mostAheadMs,
    }),
    ...world.logLines
      .filter((line) => line.includes('"outcome":"internal"'))
      .map((line) => `A: a request failed for a reason that nobody has foreseen: ${line.slice(0, 1500)}`),
  );
  return { found, logLines: world.logLines, tookMs: time.nowMs() - world.startedAtMs };
}

/** Waits until nothing is in progress, and returns a violation if that does not happen. */
async function rest(play: Play): Promise<readonly string[]> {
  const { time } = play.world;
  let quietFor = 0;
  for (let sweeps = 0; sweeps < REST_SWEEPS_MAX; sweeps += 1) {
    await time.sleep(SWEEP_MS);
    quietFor = (await isQuiet(play)) ? quietFor + 1 : 0;
    if (quietFor === 2) return [];
  }
  return ['4: the world does not come to rest'];
}

async function isQuiet({ records, world }: Play): Promise<boolean> {
  if (!world.pubsub.idle()) return false;
  const [instances, operations, orphans, bids, volumes] = await Promise.all([
    records.instances(),
    records.operations(),
    records.orphans(),
    records.all(BID),
    records.all(VOLUME),
  ]);
  const ended = new Set(volumes.filter(({ value }) => !isLive(value)).map(({ id }) => id));
  return (
    atRest(bids, volumes) &&
    !world.compute.disks().some(({ name }) => ended.has(name)) &&
    operations.every(({ value }) => isFinal(value.state)) &&
    instances.every(({ value }) => !isTransitional(value.status) && value.checkAtMs === null) &&
    // A VM without any record stays listed until an operator decides about it.
    orphans.every(({ value }) => value.why === 'unrecorded')
  );
}

/**
 * Imitates Cloud Scheduler: one sweep a minute. A long sweep delays the next one, which starts beside it after three
 * minutes.
 */
class Schedule {
  #stopped = false;

  constructor(world: World, sweeps: boolean) {
    if (!sweeps) return;
    const run = async (): Promise<void> => {
      if (this.#stopped) return;
      await world.deployment.call('reconciler-sweep', {
        method: 'POST',
        path: '/',
        query: '',
        headers: {},
        peer: '',
        readBody: () => Promise.resolve('{}'),
      });
    };
    const beat = async (): Promise<void> => {
      while (!this.#stopped) {
        const runs = Array.from({ length: world.sweepsInSlices ? 2 : 1 }, run);
        await Promise.race([Promise.all(runs), world.time.sleep(SWEEP_MS * 3)]);
        await world.time.sleep(SWEEP_MS - (world.time.nowMs() % SWEEP_MS));
      }
    };
    beat().catch((thrown: unknown) => {
      throw thrown;
    });
  }

  stop(): void {
    this.#stopped = true;
  }
}
