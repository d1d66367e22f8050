import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';
import type { Contract } from '#shared/contracts/contract.ts';
import { ABSENT, needsOwnInstance, sampleOf, subjectOf } from '#test/support/contract-samples.ts';
import type { BenchCloudReady, BenchCloudSize } from './bench-cloud-messages.ts';
import type { Asked } from './load.ts';

/** The used members of an entry of `infra/generated/functions.json`. */
export interface DeployedFunction {
  readonly name: string;
  readonly source: string;
  readonly kind: 'http' | 'push' | 'schedule';
}

export async function deployedFunctions(root: string): Promise<readonly DeployedFunction[]> {
  const manifest = JSON.parse(await readFile(join(root, 'infra/generated/functions.json'), 'utf8')) as {
    readonly functions: readonly DeployedFunction[];
  };
  return manifest.functions;
}

const STARTS = '-start';
/** Machines that are only read. */
const READ = 1;

/**
 * Returns how many instances the cloud must hold, so that each changing request gets an instance that no other one
 * changed.
 */
export function sizeFor(functions: readonly DeployedFunction[], requestsEach: number): BenchCloudSize {
  const changing = functions.flatMap(({ name }) => contractOf(name) ?? []).filter(needsOwnInstance);
  const starting = changing.filter(({ name }) => name.endsWith(STARTS));
  return {
    machines: READ + (changing.length - starting.length) * requestsEach,
    stopped: starting.length * requestsEach,
    records: 0,
  };
}

/** First requests to functions, all of which succeed. */
export class FirstRequests {
  readonly #cloud: BenchCloudReady;
  #nextMachine = READ;
  #nextStopped = 0;

  constructor(cloud: BenchCloudReady) {
    this.#cloud = cloud;
  }

  /** Returns a function's first request: one to its own endpoint, or the event that it handles. */
  next({ name, kind }: DeployedFunction): Asked {
    const contract = contractOf(name);
    if (contract !== undefined) return this.#sample(contract);
    // A fallback has no endpoint of its own: it handles paths that no endpoint has.
    if (kind === 'http') return { method: 'GET', path: '/nowhere', headers: this.#headers('owner') };
    const body = kind === 'push' ? this.#delivery(name) : {};
    return { method: 'POST', path: '/', headers: JSON_CONTENT, body: JSON.stringify(body) };
  }

  #sample(contract: Contract): Asked {
    const { operationId, project } = this.#cloud;
    const { path, query, body } = sampleOf(contract, {
      instanceId: this.#subject(contract),
      operationId,
      sshKeyId: ABSENT.sshKeyId,
      bid: ABSENT.bid,
      project,
    });
    const asked = {
      method: contract.method,
      path: query === '' ? path : `${path}?${query}`,
      headers: this.#headers(callerOf(contract)),
    };
    return body === undefined ? asked : { ...asked, body: JSON.stringify(body) };
  }

  /** Returns an instance in the right state, which no other request gets if this one changes it. */
  #subject(contract: Contract): string {
    const { machineIds, stoppedIds } = this.#cloud;
    if (!needsOwnInstance(contract)) return machineIds[0] ?? '';
    const found = contract.name.endsWith(STARTS) ? stoppedIds[this.#nextStopped++] : machineIds[this.#nextMachine++];
    if (found === undefined) throw new Error('The cloud has no instance left that nobody has changed.');
    return found;
  }

  /**
   * Returns a push: for workers, the repeated message of an operation that has ended; for the reconciler, the start of
   * a VM.
   */
  #delivery(name: string): unknown {
    const { machineIds, operationId } = this.#cloud;
    const instanceId = machineIds[0] ?? '';
    const data =
      name === 'reconciler-sync'
        ? {
            timestamp: new Date().toISOString(),
            protoPayload: {
              methodName: 'v1.compute.instances.start',
              resourceName: `projects/${LOCAL_PROJECT}/zones/us-central1-a/instances/${instanceId}`,
            },
          }
        : { operationId, instanceId };
    const message = { messageId: '1', data: Buffer.from(JSON.stringify(data)).toString('base64'), attributes: {} };
    return { message, subscription: 'bench' };
  }

  /** Returns headers as the gateway forwards them. */
  #headers(as: keyof BenchCloudReady['tokens']): Record<string, string> {
    return {
      ...JSON_CONTENT,
      'x-forwarded-authorization': `Bearer ${this.#cloud.tokens[as]}`,
      'x-forwarded-for': '192.0.2.1',
    };
  }
}

const JSON_CONTENT = { 'content-type': 'application/json' };

function contractOf(name: string): Contract | undefined {
  return CONTRACTS.find((contract) => contract.name === name);
}

/** Returns the caller of a request. Lists are read by a user with few instances, which is the usual case. */
function callerOf(contract: Contract): keyof BenchCloudReady['tokens'] {
  if (contract.role !== null) return 'admin';
  return contract.method === 'GET' && subjectOf(contract) === undefined ? 'lister' : 'owner';
}
