import { request as httpRequest } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { PrincipalName } from '#scripts/local/state/connection.ts';
import type { Contract } from '#shared/contracts/contract.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';
import { sshKeyFid } from '#shared/domain/project-ssh-key.ts';
import { sampleOf, type Subjects } from '#test/support/contract-samples.ts';
import type { LocalCloudProcess } from '#test/support/local-cloud.ts';

export type { Subjects } from '#test/support/contract-samples.ts';

/** Ids that do not exist, of the length of real ones, so that replies do not differ even in length. */
export const ABSENT: Subjects = {
  instanceId: 'tw-000000-00000000',
  operationId: 'op-000000000000000000000',
  sshKeyId: 'key-000000000000000000000',
  bid: 'bid_0000000000000000',
  project: 'proj_000000000000',
};

/** All endpoints, as rows for `test.each`. */
export const EVERY_ENDPOINT: readonly (readonly [string, Contract])[] = CONTRACTS.map((contract) => [
  `${contract.method} ${contract.path}`,
  contract,
]);

/** Endpoints of users whose path or body names something that belongs to a customer. */
export const OWNED_ENDPOINTS = EVERY_ENDPOINT.filter(([, contract]) => {
  const another = {
    instanceId: 'another',
    operationId: 'another',
    sshKeyId: 'another',
    bid: 'another',
    project: 'another',
  };
  return contract.role === null && !isDeepStrictEqual(sampleOf(contract, ABSENT), sampleOf(contract, another));
});

export const ENDPOINTS_WITH_BODY = EVERY_ENDPOINT.filter(([, { body }]) => body !== null);

/** Returns path and query of an endpoint for these subjects, with further parameters if given. */
export function targetOf(contract: Contract, subjects: Subjects, more = ''): string {
  const { path, query } = sampleOf(contract, subjects);
  const parameters = [query, more].filter((part) => part !== '').join('&');
  return parameters === '' ? path : `${path}?${parameters}`;
}

/** Returns a body that the endpoint accepts; `undefined` if it takes none. */
export function exampleBody(contract: Contract, subjects = ABSENT): Readonly<Record<string, unknown>> | undefined {
  const { body } = sampleOf(contract, subjects);
  return typeof body === 'object' && body !== null ? { ...body } : undefined;
}

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case, in the received order; repeated headers are kept separately. */
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
}

export interface RawRequest {
  readonly method: string;
  /** Path and query, exactly as they are sent. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends one request unchanged, without the normalisation of `fetch`. */
export function sendRaw(
  cloud: LocalCloudProcess,
  { method, target, headers = {}, body }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(cloud.baseUrl);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = httpRequest({
      hostname,
      port,
      method,
      path: target,
      headers: { ...length, ...headers },
      agent: false,
    });
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: pairs(response.rawHeaders), text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), raw[i + 1] ?? ''] as const] : []));
}

/** Returns a bearer token's header, which every family accepts. */
export function bearer(cloud: LocalCloudProcess, principal: PrincipalName): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${cloud.connection.principals[principal].token}` };
}

/** Sends a request that the endpoint's contract accepts, with a principal's credential or without one. */
export function sendExample(
  cloud: LocalCloudProcess,
  contract: Contract,
  {
    as,
    subjects = ABSENT,
    headers = {},
  }: {
    readonly as?: PrincipalName;
    readonly subjects?: Subjects;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<RawAnswer> {
  const body = exampleBody(contract, subjects);
  return sendRaw(cloud, {
    method: contract.method,
    target: targetOf(contract, subjects),
    headers: { ...(as === undefined ? {} : bearer(cloud, as)), 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

export function headerOf(answer: RawAnswer, name: string): string | undefined {
  return answer.headers.find(([each]) => each === name)?.[1];
}

/** Returns a reply without the parts that always differ: ids, dates and the remaining limit. */
export function fingerprint({ status, headers, text }: RawAnswer, asked: Subjects): string {
  const plain = (value: string): string =>
    [asked.instanceId, asked.operationId, asked.project, asked.bid, asked.sshKeyId, sshKeyFid(asked.sshKeyId)]
      .reduce((rest, id) => rest.replaceAll(id, 'ID'), value)
      .replaceAll(/[0-9a-f]{32}/g, 'UNIQUE');
  const lines = headers
    .filter(([name]) => name !== 'date')
    .map(([name, value]) => `${name}: ${name.includes('ratelimit') ? value.replaceAll(/\d+/g, 'N') : plain(value)}`);
  return [status, ...lines, plain(text)].join('\n');
}

/** Returns the error of a reply of any family, as text. */
export function complaint(answer: RawAnswer): string {
  return `${headerOf(answer, 'x-error') ?? ''} ${answer.text}`;
}

/** Matches characters that no response header may contain: everything but printable ASCII. */
export const CONTROL = /[^\x20-\x7e]/;
