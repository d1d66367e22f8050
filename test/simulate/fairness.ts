/**
 * Measures how long one customer's stop takes, alone and while 80 stops of another customer are in progress: in virtual
 * time, with the shipped functions. Prints the figures as one line of JSON: first with a push window that has grown,
 * then with that of a new subscription.
 */
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { isFinal, type Operation } from '#shared/domain/operation.ts';
import { SimulatedCloud } from './engine/cloud.ts';
import { Play } from './play.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';

const BUSY = 80;
const COMPUTE = '/api/compute/v1/instances';
const BODY = { template_id: 'ubuntu-22-standard', config_id: 'default-network' };

// The local cloud's times, for comparison with figures measured there.
const cloud = await SimulatedCloud.open({ bootSeconds: 2, stopSeconds: 1 });
const grown = await cloud.time.run(measure({ cold: false }));
const renewed = await cloud.time.run(measure({ cold: true }));
console.log(JSON.stringify({ grown, renewed }));
process.exit(0);

async function measure({ cold }: { readonly cold: boolean }) {
  const world = await cloud.world(1, { verbose: false });
  const play = new Play(world, cloud.manifest.functions);
  const { time, store } = world;
  await store.write([put(CUSTOMER, 'acme', { id: 'acme', name: 'acme', tier: 'enterprise' })]);
  await Promise.all(Array.from({ length: BUSY }, () => create('alice')));
  await create('carol');
  await quiet();
  const instances = await play.known();
  const quietOne = instances.find(({ customerId }) => customerId === 'umbrella')?.id ?? '';
  const busy = instances.filter(({ customerId }) => customerId === 'acme').map(({ id }) => id);

  const aloneMs = await stopped('carol', quietOne);
  await power('carol', quietOne, 'start');
  await quiet();
  if (cold) await cloud.renewQueues();
  const startedAtMs = time.nowMs();
  await Promise.all(busy.map((id) => power('alice', id, 'stop')));
  const besideMs = await stopped('carol', quietOne);
  await quiet();
  const { operations } = play.records;
  const ended = (await operations()).map(({ value }) => value);
  return {
    instances: busy.length,
    aloneMs,
    besideMs,
    allMs: Math.max(...ended.map(({ completedAtMs }) => completedAtMs ?? 0)) - startedAtMs,
    failed: ended.filter(({ state }) => state === 'failed').length,
  };

  async function create(who: 'alice' | 'carol'): Promise<void> {
    await play.ask({ who, family: 'compute', method: 'POST', path: COMPUTE, body: BODY });
  }

  async function power(who: 'alice' | 'carol', id: string, verb: 'start' | 'stop'): Promise<void> {
    const reply = await play.ask({ who, family: 'compute', method: 'POST', path: `${COMPUTE}/${id}/${verb}` });
    if (reply?.status !== 202) throw new Error(`${verb} of ${id} is answered ${reply?.status}.`);
  }

  /** Stops an instance and returns the time from the request to the end of the operation, ms. */
  async function stopped(who: 'alice' | 'carol', id: string): Promise<number> {
    const askedAtMs = time.nowMs();
    await power(who, id, 'stop');
    await quiet({ customerId: play.person(who).customerId });
    const own = (await play.records.operations()).map(({ value }) => value);
    const stop = own.filter((one) => one.instanceId === id && one.kind === 'stop' && one.createdAtMs >= askedAtMs);
    return (stop[0]?.completedAtMs ?? 0) - askedAtMs;
  }

  async function quiet(whose: { readonly customerId?: string } = {}): Promise<void> {
    const isOpen = ({ value }: { readonly value: Operation }): boolean =>
      !isFinal(value.state) && value.customerId === (whose.customerId ?? value.customerId);
    while ((await play.records.operations()).some(isOpen)) await time.sleep(2_000);
  }
}
