import { expect } from 'vitest';
import type { PrincipalName } from '#scripts/local/state/connection.ts';
import type { Contract } from '#shared/contracts/contract.ts';
import { RESOURCE_CONTRACTS } from '#shared/contracts/resource/index.ts';
import { eventually, type Answer, type LocalCloudProcess, type RequestSettings } from './local-cloud.ts';
import { replyViolations } from './reply-check.ts';

/** The example request of the original documentation, unchanged. */
export const ORIGINAL_BODY = {
  metadata: { name: 'web-server-01', labels: { env: 'production', team: 'platform' } },
  spec: {
    type: 'cx31',
    image: 'ubuntu-22.04',
    vcpus: 2,
    memory_mb: 4096,
    disk_gb: 80,
    vpc_id: 'vpc-abc123',
    subnet_id: 'subnet-def456',
    security_groups: ['sg-web', 'sg-ssh'],
    ssh_key_ids: ['key-001'],
    user_data: 'IyEvYmluL2Jhc2gKYXB0IHVwZGF0ZQ==',
  },
} as const;

export interface ShownResource {
  readonly id: string;
  readonly metadata: { readonly name: string; readonly labels: object; readonly created_at: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: {
    readonly state: string;
    readonly host_id: string;
    readonly private_ip: string;
    readonly public_ip: string;
  };
  readonly operation_id?: string;
}

export interface ShownOperation {
  readonly id: string;
  readonly resource_id: string;
  readonly type: string;
  readonly status: string;
  readonly result: Readonly<Record<string, string>> | null;
  readonly created_at: string;
  readonly completed_at: string | null;
}

/**
 * Calls the resource family's API as one principal. Every reply is checked against its contract and for the rate limit
 * headers.
 */
export class ResourceUser {
  readonly #cloud: LocalCloudProcess;
  readonly #principal: PrincipalName;

  constructor(cloud: LocalCloudProcess, principal: PrincipalName) {
    this.#cloud = cloud;
    this.#principal = principal;
  }

  create(body: unknown = ORIGINAL_BODY, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask('POST', '/v1/instances', { body, headers });
  }

  /** Creates an instance, expects 201, and returns the reply's body. */
  async created(body: unknown = ORIGINAL_BODY): Promise<ShownResource & { readonly operation_id: string }> {
    const answer = await this.create(body);
    expect(answer).toMatchObject({ status: 201 });
    return answer.body as ShownResource & { readonly operation_id: string };
  }

  /** Creates an instance, waits for its create to succeed, and returns it. */
  async running(body: unknown = ORIGINAL_BODY): Promise<ShownResource> {
    const created = await this.created(body);
    expect(await this.ended(created.operation_id)).toMatchObject({ type: 'create', status: 'completed' });
    return this.shown(created.id);
  }

  get(id: string): Promise<Answer> {
    return this.ask('GET', `/v1/instances/${id}`);
  }

  async shown(id: string): Promise<ShownResource> {
    const answer = await this.get(id);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body as ShownResource;
  }

  async list(): Promise<readonly ShownResource[]> {
    const answer = await this.ask('GET', '/v1/instances');
    expect(answer).toMatchObject({ status: 200 });
    return (answer.body as { readonly items: readonly ShownResource[] }).items;
  }

  delete(id: string): Promise<Answer> {
    return this.ask('DELETE', `/v1/instances/${id}`);
  }

  /** Deletes an instance, expects 202, and returns the operation's id. */
  async deleted(id: string): Promise<string> {
    const answer = await this.delete(id);
    expect(answer).toMatchObject({ status: 202, body: { resource_id: id } });
    return (answer.body as { readonly operation_id: string }).operation_id;
  }

  async operation(id: string, waitSeconds = 0): Promise<ShownOperation> {
    const answer = await this.ask('GET', `/v1/operations/${id}?wait=${waitSeconds}`);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body as ShownOperation;
  }

  /** Returns an operation once it has ended. */
  ended(id: string): Promise<ShownOperation> {
    return eventually(async () => {
      const operation = await this.operation(id, 10);
      return operation.status === 'completed' || operation.status === 'failed' ? operation : undefined;
    });
  }

  async ask(method: string, path: string, settings: RequestSettings = {}): Promise<Answer> {
    const { xApiKey } = this.#cloud.connection.principals[this.#principal];
    const answer = await askAsNobody(this.#cloud, method, path, {
      ...settings,
      headers: { 'x-api-key': xApiKey, ...settings.headers },
    });
    return answer;
  }
}

/** Sends a request with no credentials except those among its headers. */
export async function askAsNobody(
  cloud: LocalCloudProcess,
  method: string,
  path: string,
  settings: RequestSettings = {},
): Promise<Answer> {
  const answer = await cloud.request(undefined, method, path, settings);
  const contract = contractOf(method, path);
  if (contract !== undefined) expect(replyViolations(contract, answer)).toEqual([]);
  for (const name of ['limit', 'remaining', 'reset']) {
    expect(answer.headers.get(`x-ratelimit-${name}`), `x-ratelimit-${name}`).toMatch(/^(-1|\d+)$/);
  }
  return answer;
}

/** Returns the contract of a request; `undefined` if the fallback answers it. */
function contractOf(method: string, path: string): Contract | undefined {
  const segments = path.replace(/\?.*$/, '').split('/');
  return RESOURCE_CONTRACTS.find((contract) => {
    const template = contract.path.split('/');
    return (
      contract.method === method &&
      template.length === segments.length &&
      template.every((segment, i) => segment === segments[i] || segment.startsWith('{'))
    );
  });
}
