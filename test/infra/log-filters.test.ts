import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { auditEntry, type AuditMoment } from '#scripts/emulators/compute/audit-entry.ts';
import type { Operation } from '#scripts/emulators/compute/operation-resource.ts';
import { parseLogFilter, type LogFilter } from '#scripts/emulators/logging/log-filter.ts';
import { GatewayLog } from '#scripts/local/gateway/gateway-log.ts';
import { requestEntry } from '#scripts/local/gateway/request-entry.ts';
import { generated, INFRA } from './terraform-sources.ts';

/** The product's calls to Compute Engine. */
const CALLS = (generated('permissions.json') as { readonly compute: Readonly<Record<string, unknown>> }).compute;

const LOOKS = ['instances.get', 'instances.list', 'instances.aggregatedList', 'instances.getSerialPortOutput'];

const FILTERS = JSON.parse(readFileSync(join(INFRA, 'log-filters.json'), 'utf8')) as Readonly<
  Record<'computeEvents' | 'gatewayCredentials', string>
>;

function sinkOf(prefixes: string): LogFilter {
  return parseLogFilter(FILTERS.computeEvents.replace('${prefixes}', prefixes));
}

/** Returns the audit log entry that Compute Engine writes about one moment of an operation. */
function audited(name: string, auditMethod: string, moment: AuditMoment) {
  const operation = {
    target: { id: '1', project: 'p', zone: 'z', name },
    method: 'instances.stop',
    name: 'operation-1',
    auditMethod,
    principal: 'someone@example.com',
    resource: {},
  } as unknown as Operation;
  return auditEntry(operation, moment, 0);
}

describe('the sink of Compute Engine events', () => {
  const sink = sinkOf('tw|inst');

  it.each(['tw-550e84-a1b2c3d4', 'inst-550e84-a1b2c3d4'])('forwards the end of an operation on %s', (name) => {
    expect(sink(audited(name, 'v1.compute.instances.stop', { last: true }))).toBe(true);
    expect(sink(audited(name, 'beta.compute.instances.stop', { last: true }))).toBe(true);
  });

  it.each(
    Object.keys(CALLS)
      .filter((call) => call.startsWith('instances.') && !LOOKS.includes(call))
      .map((call) => [call]),
  )('forwards the end of %s, asked for by anyone', (call) => {
    expect(sink(audited('tw-550e84-a1b2c3d4', `v1.compute.${call}`, { last: true }))).toBe(true);
  });

  it.each([
    'setMachineType',
    'setLabels',
    'setMetadata',
    'setDeletionProtection',
    'attachDisk',
    'detachDisk',
    'addAccessConfig',
    'deleteAccessConfig',
    'updateNetworkInterface',
    'update',
  ])('forwards a change that the console makes with %s', (method) => {
    expect(sink(audited('inst-550e84-a1b2c3d4', `beta.compute.instances.${method}`, { last: true }))).toBe(true);
  });

  it('forwards system events, which have no mark of the last entry', () => {
    expect(sink(audited('tw-550e84-a1b2c3d4', 'compute.instances.preempted', {}))).toBe(true);
  });

  it.each([
    ['the beginning of an operation', audited('tw-550e84-a1b2c3d4', 'v1.compute.instances.stop', { first: true })],
    [
      'a method whose effect no record holds',
      audited('tw-550e84-a1b2c3d4', 'v1.compute.instances.simulateMaintenanceEvent', { last: true }),
    ],
    ['a machine of the project that is not ours', audited('web-1', 'v1.compute.instances.stop', { last: true })],
  ])('leaves out %s', (_, entry) => {
    expect(sink(entry)).toBe(false);
  });

  it('of one environment leaves out the events of another environment in the project', () => {
    const staging = sinkOf('tw-staging|inst-staging');
    const stop = (name: string) => audited(name, 'v1.compute.instances.stop', { last: true });

    expect([sink, staging].map((each) => each(stop('tw-550e84-a1b2c3d4')))).toEqual([true, false]);
    expect([sink, staging].map((each) => each(stop('tw-staging-550e84-a1b2c3d4')))).toEqual([false, true]);
  });
});

describe('the exclusion of credentials from the logs', () => {
  const excluded = parseLogFilter(FILTERS.gatewayCredentials);
  const GATEWAY = { type: 'apigateway.googleapis.com/Gateway' };

  it.each([
    ['a key in the report of the service', { resource: { type: 'api' }, jsonPayload: { api_key: 'ak_live_1.s' } }],
    ['a key in the entry of a request', { resource: GATEWAY, jsonPayload: { api_key: 'ak_live_1.s' } }],
    ['a key in the query', { resource: GATEWAY, httpRequest: { requestUrl: '/v1/instances?a=b&api_key=ak_live_1' } }],
    [
      'a key in the URL of a report',
      { resource: { type: 'api' }, jsonPayload: { url: '/v1/instances?key=ak_live_1' } },
    ],
  ])('takes out %s', (_, entry) => {
    expect(excluded(entry)).toBe(true);
  });

  const entryOf = (url: string, headers: Readonly<Record<string, string>>) =>
    requestEntry({
      request: { method: 'GET', url, headers, rawHeaders: [] },
      project: 'p',
      operationId: 'InstancesList',
      status: 200,
      remoteAddress: '192.0.2.1',
      startedAtMs: 0,
      endedAtMs: 12,
    });

  it.each([
    ['/v1/instances', { 'x-api-key': 'id.secret' }],
    ['/v1/instances?key=id.secret', {}],
    ['/v1/instances?api_key=id.secret', {}],
  ])('takes out the entry that the local gateway writes for %s %j', (url, headers) => {
    expect(entryOf(url, headers).jsonPayload.api_key).toBe('id.secret');
    expect(excluded(entryOf(url, headers))).toBe(true);
  });

  it('leaves the entries of all other credentials in the local gateway’s log', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-log-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const log = new GatewayLog(folder, excluded, (message) => expect.fail(message));

    log.write(entryOf('/v1/instances', { 'x-api-key': 'id.secret' }));
    log.write(entryOf('/v1/operations', { authorization: 'Bearer t' }));
    await log.close();

    const lines = readFileSync(join(folder, 'logs', 'gateway.log'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { httpRequest: { requestUrl: '/v1/operations' } },
    ]);
  });

  it.each([
    [
      'an entry without a key',
      { resource: GATEWAY, httpRequest: { requestUrl: '/v1/instances?page=2' }, jsonPayload: {} },
    ],
    ['a line of a function', { resource: { type: 'cloud_run_revision' }, jsonPayload: { api_key: 'x' } }],
  ])('keeps %s', (_, entry) => {
    expect(excluded(entry)).toBe(false);
  });
});
