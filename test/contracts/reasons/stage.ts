import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Fault } from '#scripts/emulators/faults.ts';
import { functionEnvironment } from '#scripts/local/functions/function-environment.ts';
import type { Contract } from '#shared/contracts/contract.ts';
import type { WireReply } from '#shared/contracts/reply.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Bid } from '#shared/domain/bid.ts';
import { fidOf } from '#shared/domain/fids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import type { Volume } from '#shared/domain/volume.ts';
import { openBase } from '#shared/runtime/base-tools.ts';
import { toWireRequest } from '#shared/runtime/wire.ts';
import { AUDIENCE, ISSUER, JWKS } from './issuer.ts';
import { SimulatedCloud, type World } from '#test/simulate/engine/cloud.ts';
import { type OpenFunction, openFunction } from '#test/simulate/engine/registered-functions.ts';
import { aBid } from '#test/support/a-bid.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { ABSENT, type Sample, sampleOf, type Subjects } from '#test/support/contract-samples.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { WalkAccounts, type Walker } from '#test/support/walk-accounts.ts';

export type Headers = Readonly<Record<string, string>>;

/** A request to one endpoint; what is left out is the contract's sample about things that do not exist. */
export interface Asked {
  readonly subjects?: Partial<Subjects>;
  readonly headers: Headers;
  /** All of it, with the query that the endpoint cannot do without. */
  readonly path?: string;
  /** Beside what the endpoint cannot do without. */
  readonly query?: string;
  /** Text as it is, or what is sent as JSON. */
  readonly body?: unknown;
}

/** More calls than any request repeats. */
const CALLS_HURT = 200;
const EVENTS_MAX = 10_000_000;
/** The host by which the walked functions are known: the network carries its calls without latency. */
const HOST = 'walk';

/**
 * Every endpoint of the API in this process, behind no gateway: the shipped functions against the embedded emulators, in the
 * simulation's virtual time, so that waits and repeats of clients take none.
 */
export class Stage {
  readonly world: World;
  readonly accounts: WalkAccounts;
  readonly #open = new Map<string, OpenFunction>();
  #count = 0;
  #issuerAnswers = false;
  /** Hears of every answer. */
  onReply: (contract: Contract, reply: WireReply) => void = () => undefined;

  private constructor(world: World) {
    this.world = world;
    this.accounts = new WalkAccounts(`${HOST}:${world.ports.datastore}`);
  }

  /** Takes the process over. Nothing but `work` happens in it from now on. */
  static async play<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
    const cloud = await SimulatedCloud.open({ eventsMax: EVENTS_MAX });
    const world = await cloud.time.run(cloud.world(1, { verbose: false }));
    const stage = new Stage(world);
    globalThis.fetch = () =>
      stage.#issuerAnswers ? Promise.resolve(Response.json(JWKS)) : Promise.reject(new TypeError('fetch failed'));
    return cloud.time.run(work(stage));
  }

  /** A number that no other call has got: for names and addresses. */
  next(): number {
    this.#count += 1;
    return this.#count;
  }

  /** Sends one request, and answers what the endpoint answers. */
  async ask(contract: Contract, asked: Asked): Promise<WireReply> {
    const { path, query, body }: Sample = sampleOf(contract, { ...ABSENT, ...asked.subjects });
    const sent = asked.body ?? body;
    const text = typeof sent === 'string' ? sent : sent === undefined ? '' : JSON.stringify(sent);
    const parameters = [asked.path === undefined ? query : '', asked.query]
      .filter((part) => part !== undefined && part !== '')
      .join('&');
    const { authorization, ...headers } = asked.headers;
    const number = this.next();
    const request = Object.assign(Readable.from([Buffer.from(text)]), {
      method: contract.method,
      url: (asked.path ?? path) + (parameters === '' ? '' : `?${parameters}`),
      headers: {
        'x-request-id': `walk-${String(number).padStart(8, '0')}`,
        'x-forwarded-for': `10.0.${number >> 8}.${number & 255}, 192.0.2.1`,
        'content-length': String(Buffer.byteLength(text)),
        ...(authorization === undefined ? {} : { 'x-forwarded-authorization': authorization }),
        ...headers,
      },
      socket: { remoteAddress: '127.0.0.1' },
    });
    // Of Node's request, the part that the function reads.
    const reply = await this.#functionOf(contract)(toWireRequest(request as unknown as IncomingMessage));
    this.onReply(contract, reply);
    return reply;
  }

  /** Hurts all calls of these methods while `work` goes on. */
  async hurt<T>(faults: readonly Omit<Fault, 'count'>[], work: () => Promise<T>): Promise<T> {
    this.world.faults.add(faults.map((fault) => ({ ...fault, count: CALLS_HURT })));
    try {
      return await work();
    } finally {
      this.world.faults.clear();
    }
  }

  /** What the process of an endpoint remembers is gone. */
  restart(contract: Contract): void {
    this.#open.delete(contract.name);
  }

  /** The issuer of tokens can be reached meanwhile. Signatures are checked in real time, so the world is kept going. */
  async whileIssuerAnswers<T>(work: () => Promise<T>): Promise<T> {
    this.#issuerAnswers = true;
    try {
      const result = work();
      const state = { settled: false };
      const settle = (): void => void (state.settled = true);
      result.then(settle, settle);
      while (!state.settled) await this.world.time.sleep(1);
      return await result;
    } finally {
      this.#issuerAnswers = false;
    }
  }

  /** Puts an instance of a walker on record, with an id of its own. */
  async instance(owner: Walker, overrides: Partial<Instance> = {}): Promise<Subjects & { readonly row: Instance }> {
    const id = `tw-550e84-${String(this.next()).padStart(8, '0')}`;
    const { userId, customerId, project } = owner;
    const row = anInstance({ id, userId, customerId, project, visibleBy: [customerId], ...overrides });
    await this.accounts.store.write([put(INSTANCE, id, row)]);
    return { ...ABSENT, instanceId: id, project, row };
  }

  /** Puts an operation on record that waits on an instance of a walker. */
  async operation(
    owner: Walker,
    overrides: Partial<Operation> = {},
  ): Promise<Subjects & { readonly operation: Operation }> {
    const { row, ...subjects } = await this.instance(owner);
    const id = `op-${String(this.next()).padStart(19, '0')}`;
    const actor = { type: 'user', id: owner.userId } as const;
    const made = pendingOperation('stop', row, { id, actor, requestId: 'walk', atMs: this.world.time.nowMs() });
    const operation = { ...made, ...overrides };
    await this.accounts.store.write([
      put(OPERATION, id, operation),
      put(INSTANCE, row.id, { ...row, queue: [{ id, kind: 'stop' }] }),
    ]);
    return { ...subjects, operationId: id, operation };
  }

  /** Puts a volume of a walker's project on record. */
  async volume(
    owner: Walker,
    overrides: Partial<Volume> = {},
  ): Promise<{ readonly fid: string; readonly row: Volume }> {
    const number = String(this.next()).padStart(8, '0');
    const { userId, customerId, project } = owner;
    const id = `vol-550e84-${number}`;
    const row = aVolume({ id, userId, customerId, project, name: `data-${number}`, ...overrides });
    await this.accounts.store.write([put(VOLUME, row.id, row)]);
    return { fid: fidOf('volume', row.id), row };
  }

  /** Puts a spot bid of a walker on record. */
  async bid(owner: Walker, overrides: Partial<Bid> = {}): Promise<Bid> {
    const { userId, customerId, project } = owner;
    const id = `bid_${String(this.next()).padStart(16, '0')}`;
    const row = aBid({ id, userId, customerId, project, visibleBy: [customerId], tier: 'walk', ...overrides });
    await this.accounts.store.write([put(BID, id, row)]);
    return row;
  }

  #functionOf({ name }: Contract): OpenFunction {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const { time, ports } = this.world;
    const environment = functionEnvironment({
      emulators: {
        datastore: `${HOST}:${ports.datastore}`,
        pubsub: `${HOST}:${ports.pubsub}`,
        compute: `${HOST}:${ports.compute}`,
      },
      repositoryFolder: '.',
      given: {
        LOG_LEVEL: 'error',
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        JWT_JWKS_URI: `${ISSUER}/jwks`,
      },
    });
    const base = openBase(
      { ...environment, FAILED_SIGN_INS_PER_MINUTE: '1' },
      {
        nowMs: () => time.nowMs(),
        sleep: (ms) => time.sleep(ms),
        random: seededRandom(this.next()),
        logDestination: { write: () => undefined },
      },
    );
    const opened = openFunction(name, base);
    this.#open.set(name, opened);
    return opened;
  }
}
