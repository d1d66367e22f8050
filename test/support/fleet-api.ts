import { expect } from 'vitest';
import type { Contract } from '#shared/contracts/contract.ts';
import { FLEET_CONTRACTS } from '#shared/contracts/fleet/index.ts';
import { eventually, type Answer, type LocalCloudProcess } from './local-cloud.ts';
import { replyViolations } from './reply-check.ts';

export interface ShownFleetInstance {
  readonly fid: string;
  readonly name: string;
  readonly project: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly instance_type: string;
  readonly region: string | null;
  readonly bid: string | null;
  readonly reservation: string | null;
  readonly ssh_destination: string | null;
  readonly private_ip: string | null;
  readonly status: string;
}

export interface ShownHistory<Event> {
  readonly instances: readonly {
    readonly instance_fid: string;
    readonly events: readonly Event[];
    readonly bid_fid: string | null;
    readonly reservation_fid: string | null;
  }[];
  readonly next_cursor: string | null;
}

export interface ShownStatusEvent {
  readonly timestamp: string;
  readonly status: string;
}

export interface ShownPricePeriod {
  readonly price_cents: number;
  readonly start_time: string;
  readonly end_time: string | null;
}

export interface ShownBid {
  readonly fid: string;
  readonly name: string;
  readonly project: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly deactivated_at: string | null;
  readonly limit_price: string;
  readonly instance_quantity: number;
  readonly instance_type: string;
  readonly region: string | null;
  readonly instances: readonly string[];
  readonly launch_specification: Readonly<Record<string, unknown>>;
  readonly status: string;
}

type Query = Readonly<Record<string, string | number | readonly string[]>>;

/** Calls the fleet family's API with one bearer token. Every reply is checked against its contract. */
export class FleetUser {
  readonly project: string;
  readonly #cloud: LocalCloudProcess;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(cloud: LocalCloudProcess, who: { readonly token: string; readonly project: string }) {
    this.#cloud = cloud;
    this.project = who.project;
    this.#headers = { authorization: `Bearer ${who.token}` };
  }

  list(query: Query = {}): Promise<Answer> {
    return this.ask('GET', `/v2/instances${queryText({ project: this.project, ...query })}`);
  }

  async listed(query: Query = {}): Promise<{ data: readonly ShownFleetInstance[]; next_cursor: string | null }> {
    return success(await this.list(query)) as { data: readonly ShownFleetInstance[]; next_cursor: string | null };
  }

  /** Returns the fids of all pages. `between` runs before each further page. */
  async walked(query: Query = {}, between: () => Promise<void> = async () => undefined): Promise<readonly string[]> {
    const fids: string[] = [];
    let page = await this.listed(query);
    for (;;) {
      fids.push(...page.data.map(({ fid }) => fid));
      if (page.next_cursor === null) return fids;
      await between();
      page = await this.listed({ ...query, next_cursor: page.next_cursor });
    }
  }

  update(instances: unknown, status: unknown): Promise<Answer> {
    return this.ask('PATCH', '/v2/instances', { instances, status });
  }

  /** Sets a status on several instances and returns the outcome of each, by fid. */
  async updated(instances: readonly string[], status: string): Promise<Readonly<Record<string, string>>> {
    const body = success(await this.update(instances, status)) as { instances: Readonly<Record<string, string>> };
    return body.instances;
  }

  status(fid: string): Promise<Answer> {
    return this.ask('GET', `/v2/instances/${fid}/status`);
  }

  /** Waits until the instance shows this status, and returns its end time. */
  async becomes(fid: string, status: string): Promise<{ readonly end_time: string | null }> {
    return eventually(async () => {
      const shown = success(await this.status(fid)) as { status: string; end_time: string | null };
      return shown.status === status ? shown : undefined;
    });
  }

  /** Returns the body of a bid for machines of the local catalogue; `more` overrides members. */
  bidBody(name: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    return {
      project: this.project,
      region: 'us-central1-a',
      instance_type: 'it_n1-standard-2',
      limit_price: '$1.00',
      instance_quantity: 1,
      name,
      launch_specification: { volumes: [], ssh_keys: [] },
      ...more,
    };
  }

  placeBid(name: string, more: Readonly<Record<string, unknown>> = {}, headers = {}): Promise<Answer> {
    return this.ask('POST', '/v2/spot/bids', this.bidBody(name, more), headers);
  }

  async placed(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<ShownBid> {
    const answer = await this.placeBid(name, more);
    expect(answer).toMatchObject({ status: 201 });
    return answer.body as ShownBid;
  }

  /** Places a bid for one machine, waits until it is allocated, and returns its fid. */
  async allocated(name: string): Promise<string> {
    const { fid } = await this.placed(name);
    await this.bidBecomes(fid, 'Allocated');
    return fid;
  }

  async bid(fid: string): Promise<ShownBid> {
    return success(await this.ask('GET', `/v2/spot/bids/${fid}`)) as ShownBid;
  }

  /** Waits until the bid shows this status, and returns the bid. */
  async bidBecomes(fid: string, status: string): Promise<ShownBid> {
    return eventually(async () => {
      const shown = await this.bid(fid);
      return shown.status === status ? shown : undefined;
    });
  }

  async bids(query: Query = {}): Promise<{ data: readonly ShownBid[]; next_cursor: string | null }> {
    return success(await this.ask('GET', `/v2/spot/bids${queryText(query)}`)) as {
      data: readonly ShownBid[];
      next_cursor: string | null;
    };
  }

  changeBid(fid: string, change: Readonly<Record<string, unknown>>): Promise<Answer> {
    return this.ask('PATCH', `/v2/spot/bids/${fid}?project=${this.project}`, change);
  }

  cancelBid(fid: string): Promise<Answer> {
    return this.ask('DELETE', `/v2/spot/bids/${fid}?project=${this.project}`);
  }

  history(kind: 'status' | 'pricing', query: Query = {}): Promise<Answer> {
    return this.ask('GET', `/v2/instances/${kind}/history${queryText({ project: this.project, ...query })}`);
  }

  async statuses(query: Query = {}): Promise<ShownHistory<ShownStatusEvent>> {
    return success(await this.history('status', query)) as ShownHistory<ShownStatusEvent>;
  }

  async prices(query: Query = {}): Promise<ShownHistory<ShownPricePeriod>> {
    return success(await this.history('pricing', query)) as ShownHistory<ShownPricePeriod>;
  }

  async ask(method: string, path: string, body?: unknown, headers = {}): Promise<Answer> {
    const answer = await this.#cloud.request(undefined, method, path, {
      headers: { ...this.#headers, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const contract = contractOf(method, path);
    if (contract !== undefined) expect(replyViolations(contract, answer)).toEqual([]);
    return answer;
  }
}

/** Returns the message of an error reply; fails if `detail` is a list of problems. */
export function detailOf(answer: Answer): string {
  const { detail } = answer.body as { readonly detail: unknown };
  expect(typeof detail).toBe('string');
  return String(detail);
}

/** Returns every problem that a 422 reply lists. */
export function problemsOf(answer: Answer): readonly { readonly loc: readonly unknown[]; readonly type: string }[] {
  expect(answer).toMatchObject({ status: 422 });
  const { detail } = answer.body as { detail: readonly { loc: readonly unknown[]; msg: string; type: string }[] };
  for (const { msg } of detail) expect(msg).not.toBe('');
  return detail.map(({ loc, type }) => ({ loc, type }));
}

function success(answer: Answer): unknown {
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

function contractOf(method: string, path: string): Contract | undefined {
  const [bare = ''] = path.split('?');
  return FLEET_CONTRACTS.find(
    (contract) =>
      contract.method === method && new RegExp(`^${contract.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare),
  );
}

function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const text of Array.isArray(value) ? (value as readonly string[]) : [String(value)]) {
      parameters.append(name, text);
    }
  }
  return `?${parameters.toString()}`;
}
