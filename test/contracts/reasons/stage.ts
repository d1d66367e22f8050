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

/** A request to one endpoint; by default the contract's sample about things that do not exist. */
export interface Asked {
  readonly subjects?: Partial<Subjects>;
  readonly headers: Headers;
  /** The whole path, with the required query parameters. */
  readonly path?: string;
  /** Query parameters in addition to the required ones. */
  readonly query?: string;
  /** A text is sent unchanged, any other value as JSON. */
  readonly body?: unknown;
}

/** More calls than any request repeats. */
const CALLS_HURT = 200;
const EVENTS_MAX = 10_000_000;
/** Host name of the functions under test: the network carries their calls without latency. */
const HOST = 'walk';

/**
 * Runs every endpoint of the API in this process without a gateway: the shipped functions against the embedded
 * emulators, in the simulation's virtual time, so that waits and repeats of clients take no real time.
 */
export class Stage {
  readonly world: World;
  readonly accounts: WalkAccounts;
  readonly #open = new Map<string, OpenFunction>();
  #count = 0;
  #issuerAnswers = false;
  /** Called with every reply. */
  onReply: (contract: Contract, reply: WireReply) => void = () => undefined;

  private constructor(world: World) {
    this.world = world;
    this.accounts = new WalkAccounts(`${HOST}:${world.ports.datastore}`);
  }

  /** Replaces the clock, timers and network of this process, which can then run nothing but `work`. */
  static async play<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
    const cloud = await SimulatedCloud.open({ eventsMax: EVENTS_MAX });
    const world = await cloud.time.run(cloud.world(1, { verbose: false }));
    const stage = new Stage(world);
    globalThis.fetch = () =>
      stage.#issuerAnswers ? Promise.resolve(Response.json(JWKS)) : Promise.reject(new TypeError('fetch failed'));
    return cloud.time.run(work(stage));
  }

  /** Returns a number that no other call got, for names and addresses. */
  next(): number {
    this.#count += 1;
    return this.#count;
  }

  /** Sends one request and returns the endpoint's reply. */
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
    // The cast is safe: the function reads only these members of Node's request.
    const reply = await this.#functionOf(contract)(toWireRequest(request as unknown as IncomingMessage));
    this.onReply(contract, reply);
    return reply;
  }

  /** Injects faults into all calls of these methods while `work` runs. */
  async withFaults<T>(faults: readonly Omit<Fault, 'count'>[], work: () => Promise<T>): Promise<T> {
    this.world.faults.add(faults.map((fault) => ({ ...fault, count: CALLS_HURT })));
    try {
      return await work();
    } finally {
      this.world.faults.clear();
    }
  }

  /** Restarts the process of an endpoint, which loses its caches. */
  restart(contract: Contract): void {
    this.#open.delete(contract.name);
  }

  /**
   * Makes the token issuer reachable while `work` runs. Signatures are checked in real time, so virtual time is
   * advanced meanwhile.
   */
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

  /** Stores an instance of a walker, with a new id. */
  async instance(owner: Walker, overrides: Partial<Instance> = {}): Promise<Subjects & { readonly row: Instance }> {
    const id = `tw-550e84-${String(this.next()).padStart(8, '0')}`;
    const { userId, customerId, project } = owner;
    const row = anInstance({ id, userId, customerId, project, visibleBy: [customerId], ...overrides });
    await this.accounts.store.write([put(INSTANCE, id, row)]);
    return { ...ABSENT, instanceId: id, project, row };
  }

  /** Stores an operation that waits on an instance of a walker. */
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

  /** Stores a volume in a walker's project. */
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

  /** Stores a spot bid of a walker. */
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
