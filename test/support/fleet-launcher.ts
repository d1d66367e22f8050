import { expect } from 'vitest';
import { EXAMPLE_PUBLIC_KEY } from '#shared/contracts/common/ssh-key-fields.ts';
import type { FleetUser } from './fleet-api.ts';
import { type ShownBid, type ShownFleetInstance } from './fleet-api.ts';
import { eventually, type Answer } from './local-cloud.ts';

/** Attempts per request, including the first. */
const TRIES_MAX = 6;

/** Statuses of instances that a launcher no longer counts as part of its cluster. */
const GONE = new Set(['STATUS_TERMINATED', 'STATUS_REPLACED']);

/**
 * Members that every bid and every instance must have, even if null: launchers read them without checking for their
 * presence.
 */
const BID_KEYS = [
  'created_at',
  'created_by',
  'deactivated_at',
  'fid',
  'instance_quantity',
  'instance_type',
  'instances',
  'launch_specification',
  'limit_price',
  'name',
  'project',
  'region',
  'status',
];
const VOLUME_KEYS = [
  'attachments',
  'bids',
  'capacity_gb',
  'created_at',
  'deleted_at',
  'fid',
  'interface',
  'name',
  'project',
  'region',
  'reservations',
];
const TYPE_KEYS = [
  'bridge_count',
  'cpu_type',
  'fid',
  'gpu_memory_gb',
  'gpu_socket',
  'gpu_type',
  'ib_count',
  'local_storage_gb',
  'name',
  'network_type',
  'num_cpus',
  'num_gpus',
  'ram_gb',
];
const AUCTION_KEYS = [
  'adjustable_memory',
  'capacity',
  'default_image_version',
  'fid',
  'instance_type',
  'last_instance_price',
  'lowest_allocated_price',
  'region',
];
const LAUNCH_KEYS = ['image_version', 'kubernetes_cluster', 'memory_gb', 'ssh_keys', 'startup_script', 'volumes'];
const INSTANCE_KEYS = [
  'bid',
  'created_at',
  'created_by',
  'fid',
  'instance_type',
  'name',
  'private_ip',
  'project',
  'region',
  'reservation',
  'ssh_destination',
  'status',
];

export interface ShownVolume {
  readonly fid: string;
  readonly name: string;
  readonly region: string;
  readonly capacity_gb: number;
  readonly bids: readonly string[];
  readonly attachments: Readonly<Record<string, string>>;
}

/** What a launcher looks up in the catalogue: a type by its name, in a region that offers it. */
export interface Wanted {
  readonly type: string;
  readonly region: string;
}

/**
 * A cluster launcher, written from the contract alone. It finds a cluster by the prefix of its instances' names,
 * repeats every request after a 5xx or a lost reply (without an idempotency key), and reads lists in pages of one row.
 */
export class FleetLauncher {
  readonly user: FleetUser;
  /** How many requests were repeated. */
  repeats = 0;

  constructor(user: FleetUser) {
    this.user = user;
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    for (let tried = 1; ; tried += 1) {
      const answer = await this.user.ask(method, path, body).catch((thrown: unknown) => {
        if (thrown instanceof TypeError && tried < TRIES_MAX) return undefined;
        throw thrown;
      });
      if (answer !== undefined && (answer.status < 500 || tried === TRIES_MAX)) return answer;
      this.repeats += 1;
    }
  }

  /** Returns the fid and the price in dollars of the type of this name, read from the catalogue's three endpoints. */
  async offer({ type, region }: Wanted): Promise<{ readonly instanceType: string; readonly dollars: number }> {
    const types = await this.#listed<{ readonly fid: string; readonly name: string }>('/v2/instance-types', TYPE_KEYS);
    const auctions = await this.#listed<Readonly<Record<string, string>>>('/v2/spot/availability', AUCTION_KEYS);
    const fids = new Set(types.filter(({ name }) => name === type).map(({ fid }) => fid));
    const [auction, ...others] = auctions.filter(
      (row) => fids.has(row['instance_type'] ?? '') && row['region'] === region,
    );
    expect(others).toEqual([]);
    const instanceType = auction?.['instance_type'] ?? '';
    const prices = await this.ask('GET', `/v2/pricing/current?instance_type=${instanceType}`);
    const { minimum_price_cents: cents } = prices.body as { readonly minimum_price_cents: number };
    expect(cents).toBeGreaterThan(0);
    return { instanceType, dollars: Number(auction?.['last_instance_price']?.replace('$', '')) };
  }

  /** Returns the project's volumes in a region. */
  volumes(region = 'us-central1-a'): Promise<readonly ShownVolume[]> {
    return this.#listed<ShownVolume>(`/v2/volumes?project=${this.user.project}&region=${region}`, VOLUME_KEYS);
  }

  /** Returns the volume of this name in the region; creates it if it does not exist. */
  async volume(name: string, sizeGb: number, region = 'us-central1-a'): Promise<ShownVolume> {
    const found = (await this.volumes(region)).find((volume) => volume.name === name);
    if (found !== undefined) {
      expect(found.capacity_gb).toBe(sizeGb);
      return found;
    }
    const body = { name, project: this.user.project, disk_interface: 'Block', region, size_gb: sizeGb };
    const answer = await this.ask('POST', '/v2/volumes', body);
    expect(answer).toMatchObject({ status: 201 });
    return answer.body as ShownVolume;
  }

  /** Adds an SSH key to the project and returns its fid. */
  async key(name: string): Promise<string> {
    const { project } = this.user;
    const answer = await this.ask('POST', '/v2/ssh-keys', { project, name, public_key: EXAMPLE_PUBLIC_KEY });
    expect(answer.status).toBe(201);
    const keys = await this.ask('GET', `/v2/ssh-keys?project=${project}`);
    const { fid } = answer.body as { readonly fid: string };
    expect(keys.body).toContainEqual(expect.objectContaining({ fid, public_key: EXAMPLE_PUBLIC_KEY }));
    return fid;
  }

  /** Bids for a new cluster and returns the bid once it has all its instances and each has an address. */
  async launch(name: string, quantity: number, more: Readonly<Record<string, unknown>> = {}): Promise<ShownBid> {
    const body = this.user.bidBody(name, { instance_quantity: quantity, ...more });
    const answer = await this.ask('POST', '/v2/spot/bids', body);
    expect(answer).toMatchObject({ status: 201, body: { status: 'Open', instances: [] } });
    const { fid } = answer.body as ShownBid;
    await eventually(async () => ((await this.user.bid(fid)).instances.length < quantity ? undefined : true));
    await eventually(async () => {
      const cluster = await this.cluster(name);
      const isReachable = cluster.every(({ ssh_destination: address }) => address !== null);
      return cluster.length === quantity && isReachable ? true : undefined;
    });
    const [newest] = await this.bids(name);
    expect(newest?.fid).toBe(fid);
    return this.user.bid(fid);
  }

  /** Returns the cluster's bids, newest first. */
  async bids(name: string): Promise<readonly ShownBid[]> {
    const found = await this.#all<ShownBid>(`/v2/spot/bids?project=${this.user.project}&name=${name}`);
    for (const bid of found) {
      expect(Object.keys(bid).sort()).toEqual(BID_KEYS);
      expect(Object.keys(bid.launch_specification).sort()).toEqual(LAUNCH_KEYS);
    }
    return found;
  }

  /** Returns the cluster's instances that are not terminated or replaced, in the order of the list. */
  async cluster(name: string): Promise<readonly ShownFleetInstance[]> {
    const found = await this.#all<ShownFleetInstance>(`/v2/instances?project=${this.user.project}`);
    for (const instance of found) expect(Object.keys(instance)).toEqual(expect.arrayContaining(INSTANCE_KEYS));
    return found.filter((instance) => instance.name.startsWith(`${name}-`) && !GONE.has(instance.status));
  }

  /** Returns the types of a bid's events, oldest first. */
  async events(fid: string): Promise<readonly string[]> {
    const answer = await this.ask('GET', `/v2/spot/bids/${fid}/history?project=${this.user.project}`);
    const { events } = answer.body as { readonly events: readonly { readonly event_type: string }[] };
    return events.map(({ event_type: type }) => type);
  }

  async pause(name: string, paused: boolean): Promise<Answer> {
    const [newest] = await this.bids(name);
    return this.ask('PATCH', `/v2/spot/bids/${newest?.fid ?? ''}?project=${this.user.project}`, { paused });
  }

  async down(name: string): Promise<void> {
    for (const { fid, status } of await this.bids(name)) {
      if (status === 'Terminated') continue;
      expect((await this.ask('DELETE', `/v2/spot/bids/${fid}?project=${this.user.project}`)).status).toBe(204);
    }
  }

  /** Reads a list that is a bare array, and expects every row to have exactly these keys. */
  async #listed<T extends object>(path: string, keys: readonly string[]): Promise<readonly T[]> {
    const answer = await this.ask('GET', path);
    expect(answer).toMatchObject({ status: 200 });
    const rows = answer.body as readonly T[];
    for (const row of rows) expect(Object.keys(row).toSorted()).toEqual(keys);
    return rows;
  }

  async #all<T>(path: string): Promise<readonly T[]> {
    const rows: T[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer = await this.ask('GET', `${path}&limit=1&next_cursor=${cursor}`);
      expect(answer).toMatchObject({ status: 200 });
      const page = answer.body as { readonly data: readonly T[]; readonly next_cursor: string | null };
      rows.push(...page.data);
      cursor = page.next_cursor;
    }
    return rows;
  }
}
