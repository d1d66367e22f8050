import type { FunctionEntry } from '#scripts/generate/function-manifest.ts';
import type { FamilyName } from '#shared/contracts/contract.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import type { Bid } from '#shared/domain/bid.ts';
import { isLive, type Volume } from '#shared/domain/volume.ts';
import { matchPath } from '#shared/http/request.ts';
import { Records } from '#test/support/records.ts';
import type { World } from './engine/cloud.ts';
import type { Person, PersonName } from './engine/people.ts';
import { Protections } from './protections.ts';

/** A caller's reply; `undefined` if the process that handled the request ended, and the connection with it. */
export type Reply =
  { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown } | undefined;

export interface Ask {
  readonly who: PersonName;
  readonly family: FamilyName;
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An instance that is or was on record. */
export interface KnownInstance {
  readonly id: string;
  readonly customerId: string;
  readonly zone: string;
}

/**
 * Statuses of malformed or unauthenticated requests. No history contains such requests, so these replies mean a fault
 * of the simulation.
 */
const MISTAKEN: ReadonlySet<number> = new Set([400, 401, 405, 413, 415, 422]);

/** The state of one history while it is played: its world, and what the simulated users know. */
export class Play {
  readonly world: World;
  readonly records: Records;
  readonly protections = new Protections();
  /** Violations found during the history. */
  readonly found: string[] = [];
  readonly #functions: readonly FunctionEntry[];
  readonly #known = new Map<string, KnownInstance>();
  /** Ids of the instances returned for each Idempotency-Key. */
  readonly #made = new Map<string, Set<string>>();

  constructor(world: World, functions: readonly FunctionEntry[]) {
    this.world = world;
    this.records = new Records({ store: world.store });
    this.#functions = functions.filter(({ kind, path }) => kind === 'http' && path !== null);
  }

  person(name: PersonName): Person {
    return this.world.persons[name];
  }

  /**
   * Sends one request as the gateway forwards it. Records a violation if the reply shows anything of another customer.
   */
  async ask({ who, family, method, path, query = '', body, headers = {} }: Ask): Promise<Reply> {
    const target = this.#functions.find(
      (entry) => entry.method === method && matchPath(entry.path ?? '', path) !== undefined,
    );
    if (target === undefined) throw new Error(`No function takes ${method} ${path}.`);
    const person = this.person(who);
    const text = body === undefined ? '' : JSON.stringify(body);
    const reply = await this.world.deployment.call(target.name, {
      method,
      path,
      query,
      headers: {
        ...person.credentials[family],
        'content-type': 'application/json',
        'x-forwarded-for': '203.0.113.7, 10.0.0.1',
        ...headers,
      },
      peer: '10.0.0.2',
      readBody: () => Promise.resolve(text),
    });
    if (reply === undefined) return undefined;
    await this.#checkTenant(person, `${method} ${path}`, reply);
    if (MISTAKEN.has(reply.status))
      this.found.push(`S: the simulation itself asks wrongly: ${reply.status} to ${method} ${path}: ${reply.body}`);
    return {
      status: reply.status,
      headers: reply.headers,
      body: reply.body === '' ? undefined : JSON.parse(reply.body),
    };
  }

  /** Records which instance was returned for a key; a second instance for one key is a violation. */
  noteMade(key: string, id: string): void {
    const ids = (this.#made.get(key) ?? new Set()).add(id);
    this.#made.set(key, ids);
    if (ids.size > 1) this.found.push(`1: the key ${key} was answered ${ids.size} instances`);
  }

  /** Returns every instance that has been on record so far, in the order in which they were first seen. */
  async known(): Promise<readonly KnownInstance[]> {
    for (const { value } of await this.records.instances()) {
      if (this.#known.has(value.id)) continue;
      this.#known.set(value.id, { id: value.id, customerId: value.customerId, zone: value.zone });
    }
    return [...this.#known.values()];
  }

  /** Returns every bid, oldest first. */
  async bids(): Promise<readonly Bid[]> {
    const rows = await this.records.all(BID);
    return rows.map(({ value }) => value).toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  }

  /** Returns every volume that is not deleted, oldest first. */
  async volumes(): Promise<readonly Volume[]> {
    const rows = await this.records.all(VOLUME);
    const live = rows.map(({ value }) => value).filter(isLive);
    return live.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  }

  /** Returns one instance, of one customer if given; `undefined` while there is none. */
  async pick(share: number, customerId?: string): Promise<KnownInstance | undefined> {
    const all = await this.known();
    const own = customerId === undefined ? all : all.filter((instance) => instance.customerId === customerId);
    // One of the four newest: older ones are mostly deleted.
    return own.slice(-4)[Math.floor(share * Math.min(4, own.length))];
  }

  async #checkTenant(person: Person, request: string, reply: { readonly status: number; readonly body: string }) {
    if (person.name === 'admin' || reply.status >= 300) return;
    const foreign = (await this.known()).filter(({ customerId }) => customerId !== person.customerId);
    for (const { id } of foreign) {
      if (request.includes(id) || reply.body.includes(id))
        this.found.push(`T: ${person.name} was answered ${reply.status} to ${request} about ${id}, another customer's`);
    }
  }
}
