import { Type, type TSchema } from 'typebox';
import { plainSchema } from '#scripts/generate/plain-schema.ts';
import { EXAMPLE_PUBLIC_KEY } from '#shared/contracts/common/ssh-key-fields.ts';
import { NEW_BID } from '#shared/contracts/fleet/bid-examples.ts';
import { COMPUTE_SCHEMAS } from '#shared/contracts/compute/schemas.ts';
import type { Walker } from './walk-accounts.ts';
import type { Contract, FamilyName } from '#shared/contracts/contract.ts';
import { sshKeyFid } from '#shared/domain/project-ssh-key.ts';

/** How a family reports errors and reads credentials, as far as a caller can observe it. */
export interface FamilyRules {
  /** Forms in which the family accepts credentials, the usual one first. */
  readonly credentials: readonly ('key' | 'oneStringKey' | 'bearerKey' | 'token')[];
  /** Status of a reply to a body or parameter that violates the contract. */
  readonly invalidStatus: number;
  readonly errorType: string;
  readonly errorBody: TSchema;
  /** Headers that every error reply has. */
  readonly errorHeaders: readonly string[];
  /** Headers that every reply has whose operation is rate limited. */
  readonly limitHeaders: readonly string[];
}

export const FAMILY_RULES: Readonly<Record<FamilyName, FamilyRules>> = {
  compute: {
    credentials: ['key', 'token', 'bearerKey', 'oneStringKey'],
    invalidStatus: 400,
    errorType: 'application/problem+json',
    errorBody: COMPUTE_SCHEMAS.Problem,
    errorHeaders: ['x-error', 'x-error-id', 'x-error-reason'],
    limitHeaders: ['ratelimit-policy', 'ratelimit'],
  },
  resource: {
    credentials: ['oneStringKey', 'key', 'token', 'bearerKey'],
    invalidStatus: 400,
    errorType: 'application/json; charset=utf-8',
    errorBody: Type.Object({ error: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
    errorHeaders: ['x-error', 'x-error-id', 'x-error-reason'],
    limitHeaders: ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'],
  },
  fleet: {
    credentials: ['token', 'bearerKey', 'key', 'oneStringKey'],
    invalidStatus: 422,
    errorType: 'application/json; charset=utf-8',
    errorBody: Type.Object({
      detail: Type.Union([
        Type.String({ minLength: 1 }),
        Type.Array(
          Type.Object({
            loc: Type.Array(Type.Union([Type.String(), Type.Integer()]), { minItems: 1 }),
            msg: Type.String({ minLength: 1 }),
            type: Type.String({ minLength: 1 }),
          }),
          { minItems: 1 },
        ),
      ]),
    }),
    errorHeaders: ['x-error', 'x-error-id', 'x-error-reason'],
    limitHeaders: ['ratelimit-policy', 'ratelimit'],
  },
};

/** Ids that a sample request can name. */
export interface Subjects {
  readonly instanceId: string;
  readonly operationId: string;
  readonly sshKeyId: string;
  /** fids that only few endpoints need; undefined in tests that do not call those. */
  readonly volume?: string;
  readonly fleetApiKey?: string;
  /** fid of a spot bid. */
  readonly bid: string;
  readonly customerId?: string;
  readonly deadLetterId?: string;
  /** fid. */
  readonly project: string;
}

export interface Sample {
  /** With its parameters filled in, without a query. */
  readonly path: string;
  /** The required query parameters, without `?`. */
  readonly query: string;
  readonly body: unknown;
}

export type Before = 'created' | 'stop';

/** Exceptions from the general rules of this file, by the contract's name. */
interface Special {
  /**
   * Whether a successful call needs an instance that no other test uses, because the call changes it. Default: true for
   * every method but GET.
   */
  readonly ownInstance?: boolean;
  /** State that the instance must be in: `created` (it runs) or `stop` (a stop was requested). */
  readonly after?: Before;
  readonly query?: (subjects: Subjects) => string;
  readonly body?: (subjects: Subjects) => unknown;
}

function ofProject({ project }: Subjects): string {
  return `project=${project}`;
}

const SPECIAL: Readonly<Record<string, Special>> = {
  // The administrators' start refuses an instance that runs.
  'admin-instances-start': { after: 'stop' },
  'fleet-instances-list': { query: ofProject },
  'fleet-status-history': { query: ofProject },
  'fleet-pricing-history': { query: ofProject },
  'fleet-ssh-keys-list': { query: ofProject },
  'fleet-volumes-list': { query: ofProject },
  'fleet-quotas-list': { query: ofProject },
  'fleet-prices-current': { query: () => 'instance_type=it_n1-standard-2' },
  'fleet-volumes-create': {
    body: ({ project }) => ({
      project,
      name: 'walk',
      disk_interface: 'Block',
      region: 'us-central1-a',
      size_gb: 10,
    }),
  },
  'fleet-volumes-update': {
    body: ({ volume = '' }) => ({ name: `renamed-${/[a-z0-9]{8}$/.exec(volume)?.[0] ?? 'none'}` }),
  },
  'fleet-ssh-keys-create': {
    body: ({ project }) => ({ project, name: 'walk', public_key: EXAMPLE_PUBLIC_KEY }),
  },
  'fleet-reservations-list': { query: ofProject },
  'fleet-spot-bids-create': { body: ({ project }) => bidSample(project) },
  'fleet-instances-update': {
    ownInstance: true,
    after: 'created',
    body: ({ instanceId }) => ({ instances: [`inst_${instanceId}`], status: 'STATUS_PAUSED' }),
  },
};

/** Returns the body of a bid for one machine of the local catalogue. Placed twice, it is the same bid. */
export function bidSample(project: string): Readonly<Record<string, unknown>> {
  return { ...NEW_BID, project, instance_quantity: 1, launch_specification: { volumes: [], ssh_keys: [] } };
}

/** Well-formed ids of things that do not exist. */
export const ABSENT: Subjects = {
  instanceId: 'tw-000000-00000000',
  operationId: 'op-0000000000000000000',
  sshKeyId: 'key-000000000000000000000',
  bid: 'bid_0000000000000000',
  project: 'proj_000000000000',
};

/** Returns a request for these subjects that the contract accepts. */
export function sampleOf(contract: Contract, subjects: Subjects): Sample {
  const special = SPECIAL[contract.name];
  const example = contract.examples?.find(({ body }) => body !== undefined)?.body;
  return {
    path: contract.path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) =>
      encodeURIComponent(valueOf(contract, parameter, subjects)),
    ),
    query: special?.query?.(subjects) ?? '',
    body: contract.body === null ? undefined : (special?.body?.(subjects) ?? example),
  };
}

export function needsOwnInstance(contract: Contract): boolean {
  const changes = contract.method !== 'GET' && subjectOf(contract) !== undefined;
  return SPECIAL[contract.name]?.ownInstance ?? changes;
}

export function before(contract: Contract): Before | undefined {
  return SPECIAL[contract.name]?.after;
}

export type Subject = 'instance' | 'operation' | 'ssh-key' | 'volume' | 'api-key' | 'bid' | 'customer' | 'dead-letter';

/** Returns the kind of thing that the path's parameter names; `undefined` if it belongs to no customer. */
export function subjectOf({ path }: Contract): Subject | undefined {
  const [, segment] = /\/([a-z-]+)\/\{\w+\}/.exec(path) ?? [];
  if (segment === 'instances') return 'instance';
  if (segment === 'ssh-keys') return 'ssh-key';
  if (segment === 'volumes') return 'volume';
  if (segment === 'api-keys') return 'api-key';
  if (segment === 'bids') return 'bid';
  if (segment === 'customers') return 'customer';
  if (segment === 'dead-letters') return 'dead-letter';
  return segment === 'operations' ? 'operation' : undefined;
}

/** Returns the value of a path parameter in the form that this contract uses. */
export function valueOf(contract: Contract, parameter: string, subjects: Subjects): string {
  switch (subjectOf(contract)) {
    case 'instance':
      return parameter === 'instance_fid' ? `inst_${subjects.instanceId}` : subjects.instanceId;
    case 'operation':
      return subjects.operationId;
    case 'ssh-key':
      return parameter === 'fid' ? sshKeyFid(subjects.sshKeyId) : subjects.sshKeyId;
    case 'volume':
      return subjects.volume ?? 'vol_vol-000000-00000000';
    case 'api-key':
      return subjects.fleetApiKey ?? 'apikey_0000000000000000';
    case 'bid':
      return subjects.bid;
    case 'customer':
      return subjects.customerId ?? 'nobody';
    case 'dead-letter':
      return subjects.deadLetterId ?? '0000000000';
    case undefined:
      if (parameter === 'service') return 'compute-api';
      if (parameter === 'feature') return contract.path.includes('quotas') ? 'max_instances' : 'create_per_minute';
      return 'ubuntu-22-standard';
  }
}

/**
 * Whether the contract ignores unknown members of a query or body. Operations of the fleet family ignore unknown query
 * parameters.
 */
export function passesOverUnknown(contract: Contract, part: 'query' | 'body'): boolean {
  if (part === 'query') return contract.family === 'fleet';
  const schema = contract[part];
  return schema !== null && plainSchema(schema)['additionalProperties'] !== false;
}

/** Returns the walker's credentials as headers, in the form that the contract's family usually takes. */
export function credentialOf({ family }: Pick<Contract, 'family'>, walker: Walker): Readonly<Record<string, string>> {
  const [form = 'token'] = FAMILY_RULES[family].credentials;
  return walker[form];
}
