import { expect } from 'vitest';
import type { PrincipalName } from '#scripts/local/state/connection.ts';
import { EXAMPLE_PUBLIC_KEY } from '#shared/contracts/common/ssh-key-fields.ts';
import { eventually, type Answer, type LocalCloudProcess } from './local-cloud.ts';

const BASE = '/api/compute/v1';

/** The contract's example of a create request. */
export const CREATE_BODY = { template_id: 'ubuntu-22-standard', config_id: 'default-network' };

/** Arguments of the local cloud: VMs boot and stop almost at once, because few tests are about that time. */
export const QUICK_MACHINES = ['--boot-seconds', '0.3', '--stop-seconds', '0.1'];

export interface ShownInstance {
  readonly id: string;
  readonly status: string;
  readonly statusReason: { readonly reason: string } | null;
  readonly externalIp: string;
  readonly internalIp: string;
}

export interface ShownOperation {
  readonly id: string;
  readonly kind: string;
  readonly state: 'pending' | 'running' | 'completed' | 'failed';
  readonly instanceId: string;
  readonly attempts: number;
  readonly createdAt: string;
  readonly error: { readonly reason: string; readonly message: string } | null;
}

export interface ShownEvent {
  readonly status: string;
  readonly cause: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly action: string | null;
}

export type PowerVerb = 'start' | 'stop' | 'reset' | 'restart';

/** Calls the compute family's API as one principal. */
export class ComputeUser {
  readonly #cloud: LocalCloudProcess;
  readonly #principal: PrincipalName;

  constructor(cloud: LocalCloudProcess, principal: PrincipalName) {
    this.#cloud = cloud;
    this.#principal = principal;
  }

  create(headers: Readonly<Record<string, string>> = {}, body: unknown = CREATE_BODY): Promise<Answer> {
    return this.#ask('POST', '/instances', { body, headers });
  }

  /** Creates an instance, expects 201, and returns its id. */
  async created(headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const answer = await this.create(headers);
    expect(answer).toMatchObject({ status: 201 });
    return (answer.body as ShownInstance).id;
  }

  /** Creates an instance, waits until it runs, and returns its id. */
  async running(): Promise<string> {
    const answer = await this.create();
    expect(answer).toMatchObject({ status: 201 });
    const operation = await this.ended(answer);
    expect(operation).toMatchObject({ kind: 'create', state: 'completed' });
    return operation.instanceId;
  }

  /** Stores a public key and returns its id. */
  async sshKey(body: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await this.#ask('POST', '/ssh-keys', {
      body: { name: 'laptop', public_key: EXAMPLE_PUBLIC_KEY, ...body },
    });
    expect(answer).toMatchObject({ status: 201 });
    return (answer.body as { readonly id: string }).id;
  }

  get(id: string): Promise<Answer> {
    return this.#ask('GET', `/instances/${id}`);
  }

  async shown(id: string): Promise<ShownInstance> {
    const answer = await this.get(id);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body as ShownInstance;
  }

  delete(id: string): Promise<Answer> {
    return this.#ask('DELETE', `/instances/${id}`);
  }

  power(id: string, verb: PowerVerb, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#ask('POST', `/instances/${id}/${verb}`, { headers });
  }

  /** Requests a power operation, expects 202, and returns the operation once it has ended. */
  async powered(id: string, verb: PowerVerb): Promise<ShownOperation> {
    const answer = await this.power(id, verb);
    expect(answer).toMatchObject({ status: 202, body: undefined });
    return this.ended(answer);
  }

  async operation(id: string, waitSeconds = 0): Promise<ShownOperation> {
    const answer = await this.#ask('GET', `/operations/${id}?wait=${waitSeconds}`);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body as ShownOperation;
  }

  /** Returns the operation that a reply names, once it has ended. The clock is not moved meanwhile. */
  ended(answer: Answer): Promise<ShownOperation> {
    return eventually(async () => {
      const operation = await this.operation(operationOf(answer), 10);
      return operation.state === 'completed' || operation.state === 'failed' ? operation : undefined;
    });
  }

  /** Returns the instance's events, newest first. */
  async history(id: string): Promise<readonly ShownEvent[]> {
    const answer = await this.#ask('GET', `/instances/${id}/history`);
    expect(answer).toMatchObject({ status: 200 });
    return (answer.body as { readonly events: readonly ShownEvent[] }).events;
  }

  #ask(method: string, path: string, settings: Parameters<LocalCloudProcess['request']>[3] = {}): Promise<Answer> {
    return this.#cloud.request(this.#principal, method, BASE + path, settings);
  }
}

/** Returns the id of the operation that a reply's headers name. */
export function operationOf({ headers }: Answer): string {
  const id = headers.get('x-operation-id');
  expect(headers.get('operation-location')).toBe(`${BASE}/operations/${id ?? ''}`);
  return id ?? '';
}

/**
 * Expects the 503 that a caller gets when a service behind the API is unavailable: with Retry-After and an error id.
 */
export function expectComeBack(answer: Answer): void {
  expect(answer).toMatchObject({ status: 503 });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.headers.get('x-error-id')).toMatch(/^[0-9a-f]{32}$/);
}

/** Returns the methods of the mutating calls that Compute Engine applied to one VM, in order. */
export async function appliedCalls(cloud: LocalCloudProcess, instanceId: string): Promise<readonly string[]> {
  const calls = await cloud.calls();
  return calls.filter((call) => call.instance === instanceId && call.outcome === 'applied').map(({ method }) => method);
}
