import { TtlCache } from '#shared/concurrency/ttl-cache.ts';
import { NETWORK_CONFIG, TEMPLATE, TIER } from '#shared/datastore/catalog-rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import {
  ALL_IMAGES,
  ALL_NETWORK_CONFIGS,
  ALL_NETWORKS,
  ALL_SERVER_TYPES,
  ALL_SUBNETS,
  ALL_TEMPLATES,
  ALL_TIERS,
} from '#shared/datastore/queries.ts';
import type { Shape } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Image, NetworkConfig, ServerType, Subnet, Template } from '#shared/domain/catalog.ts';
import { Failure } from '#shared/domain/failure.ts';
import { nearestText } from '#shared/domain/nearest.ts';
import type { Tier } from '#shared/domain/tier.ts';

/** How long rows are cached. The catalogue changes rarely, and a change takes effect within this time. */
const REMEMBERED_MS = 30_000;
/** Maximum number of cached entries per process. */
const ROWS_MAX = 1_000;
/** Operators write the catalogue, so one page usually holds a whole kind; a longer one is read page by page. */
const PAGE_SIZE = 300;

/** Reads the catalogue and caches rows for `REMEMBERED_MS`. Missing rows are not cached. */
export class CatalogReader {
  readonly #store: Store;
  readonly #nowMs: () => number;
  readonly #rows = new TtlCache<unknown>({ ttlMs: REMEMBERED_MS, sizeMax: ROWS_MAX });

  /** All tiers, while they are being read. */
  #tiers: Promise<void> | undefined;

  constructor(options: { readonly store: Store; readonly nowMs: () => number }) {
    this.#store = options.store;
    this.#nowMs = options.nowMs;
  }

  /**
   * Reads all tiers, of which there are a few, unless they are remembered. Begun beside the look-up of a credential, so that
   * the tier of a caller whom the process does not know takes no step of its own. Never rejects: `tier` reads what is missing.
   */
  rememberTiers(): Promise<void> {
    if (this.#rows.get(`${TIER.name}/`, this.#nowMs()) !== undefined) return Promise.resolve();
    this.#tiers ??= this.#readTiers().finally(() => (this.#tiers = undefined));
    return this.#tiers;
  }

  async #readTiers(): Promise<void> {
    try {
      const tiers = await this.all(ALL_TIERS);
      for (const tier of tiers) this.#rows.set(`${TIER.name}/${tier.name}`, tier, this.#nowMs());
    } catch {
      // The look-up of the one tier tells what is wrong.
    }
  }

  /** Fails closed: a customer whose tier is not in the catalogue may do nothing. */
  async tier(name: string): Promise<Tier> {
    await this.#tiers;
    const tier = await this.#find(TIER, name);
    if (tier === undefined)
      throw new Failure('internal', 'Your tier is not set up. Please tell the platform’s operators.', {
        reason: 'tier_missing',
      });
    return tier;
  }

  /** Throws `not_found`. */
  async template(id: string): Promise<Template> {
    const template = await this.#find(TEMPLATE, id);
    if (template === undefined) {
      const near = nearestText(
        id,
        (await this.templates()).map((known) => known.id),
      );
      const text = `There is no template ${JSON.stringify(id)}. ${near} GET /api/compute/v1/templates lists all.`;
      throw new Failure('not_found', text, { reason: 'template_not_found' });
    }
    return template;
  }

  /** Throws `not_found`. */
  async config(id: string): Promise<NetworkConfig> {
    const config = await this.#find(NETWORK_CONFIG, id);
    if (config === undefined) {
      const near = nearestText(
        id,
        (await this.configs()).map((known) => known.id),
      );
      const text = `There is no network config ${JSON.stringify(id)}. ${near} GET /api/compute/v1/configs lists all.`;
      throw new Failure('not_found', text, { reason: 'config_not_found' });
    }
    return config;
  }

  async templates(): Promise<readonly Template[]> {
    return this.all(ALL_TEMPLATES);
  }

  async configs(): Promise<readonly NetworkConfig[]> {
    return this.all(ALL_NETWORK_CONFIGS);
  }

  /** Returns the subnets of a network (`global/networks/default`) that every customer can use. */
  async subnetsOf(network: string): Promise<readonly Subnet[]> {
    const [networks, subnets] = await Promise.all([this.all(ALL_NETWORKS), this.all(ALL_SUBNETS)]);
    const vpcs = new Set(networks.filter((row) => row.network === network).map(({ id }) => id));
    return subnets.filter(({ customerId, vpcId }) => customerId === '' && vpcs.has(vpcId));
  }

  async serverTypes(): Promise<readonly ServerType[]> {
    return this.all(ALL_SERVER_TYPES);
  }

  async images(): Promise<readonly Image[]> {
    return this.all(ALL_IMAGES);
  }

  async #find<T>(kind: Kind<T>, id: string): Promise<T | undefined> {
    const key = `${kind.name}/${id}`;
    const remembered = this.#rows.get(key, this.#nowMs());
    // The key begins with the kind's name, so the cached value is a row of this kind.
    if (remembered !== undefined) return remembered as T;
    const row = await this.#store.get(ref(kind, id));
    if (row !== undefined) this.#rows.set(key, row.value, this.#nowMs());
    return row?.value;
  }

  /** Returns every row of a kind; `shape` must be one of the queries that read a whole kind. */
  async all<T>(shape: Shape<T>): Promise<readonly T[]> {
    const key = `${shape.kind.name}/`;
    const remembered = this.#rows.get(key, this.#nowMs());
    if (remembered !== undefined) return remembered as readonly T[];
    const values: T[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#store.query(
        shape,
        {},
        { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
      );
      values.push(...page.rows.map(({ value }) => value));
      cursor = page.cursor;
    } while (cursor !== undefined);
    this.#rows.set(key, values, this.#nowMs());
    return values;
  }
}
