import { describe, expect, test } from 'vitest';
import { ZONES } from '#scripts/emulators/compute/data/zones.ts';
import { BOOT_SECONDS, PROJECT, STOP_SECONDS, ZONE, computeCloud } from '#test/support/compute-cloud.ts';

describe('lists', () => {
  async function fleet() {
    const cloud = await computeCloud();
    await cloud.insert('a-1', { labels: { managed: 'yes', env: 'prod' } });
    await cloud.insert('a-2', { labels: { managed: 'yes', env: 'dev' } });
    await cloud.insert('b-1', { labels: { env: 'prod' } }, undefined, 'europe-west1-b');
    cloud.clock.advance(BOOT_SECONDS);
    await cloud.instances.stop(cloud.at('a-2'));
    cloud.clock.advance(STOP_SECONDS);
    const names = async (filter: string, maxResults?: number) => {
      const found: string[] = [];
      const request = { project: PROJECT, filter, ...(maxResults === undefined ? {} : { maxResults }) };
      for await (const [, { instances = [] }] of cloud.instances.aggregatedListAsync(request, {
        autoPaginate: false,
      })) {
        found.push(...(instances ?? []).map(({ name }) => name ?? ''));
      }
      return found.sort();
    };
    return { ...cloud, names };
  }

  test('aggregatedList finds by label, name and status, with AND, OR, NOT and parentheses', async () => {
    const { names } = await fleet();

    const found = {
      'labels.managed=yes': await names('labels.managed=yes'),
      'labels.managed:*': await names('labels.managed:*'),
      'name=b-1': await names('name=b-1'),
      'status=TERMINATED': await names('status=TERMINATED'),
      'status != TERMINATED': await names('status != TERMINATED'),
      both: await names('(labels.managed = "yes") AND (labels.env=prod)'),
      either: await names('name=a-1 OR name=b-1 AND status=RUNNING'),
      not: await names('NOT labels.managed:*'),
      together: await names('(name eq "a-.*")(status eq RUNNING)'),
    };

    expect(found).toEqual({
      'labels.managed=yes': ['a-1', 'a-2'],
      'labels.managed:*': ['a-1', 'a-2'],
      'name=b-1': ['b-1'],
      'status=TERMINATED': ['a-2'],
      'status != TERMINATED': ['a-1', 'b-1'],
      both: ['a-1'],
      either: ['a-1', 'b-1'],
      not: ['b-1'],
      together: ['a-1'],
    });
  });

  test('aggregatedList pages through all of them, each once', async () => {
    const { names } = await fleet();

    const found = await names('', 1);

    expect(found).toEqual(['a-1', 'a-2', 'b-1']);
  });

  test('aggregatedList names every zone, the empty ones with NO_RESULTS_ON_PAGE', async () => {
    const cloud = await fleet();

    const zones = new Map<string, string | null | undefined>();
    const request = { project: PROJECT, returnPartialSuccess: true };
    for await (const [scope, { warning }] of cloud.instances.aggregatedListAsync(request, { autoPaginate: false })) {
      zones.set(scope, warning?.code);
    }

    expect(zones.size).toBe(ZONES.length);
    expect(zones.get('zones/us-central1-ai1a')).toBe('NO_RESULTS_ON_PAGE');
    expect(zones.get('zones/us-west1-b')).toBe('NO_RESULTS_ON_PAGE');
    expect([undefined, null, '']).toContain(zones.get(`zones/${ZONE}`));
  });

  test('list keeps to its zone and orders by creation, newest first', async () => {
    const cloud = await fleet();
    cloud.clock.advance(STOP_SECONDS);
    await cloud.insert('a-0');

    const [byName] = await cloud.instances.list({ project: PROJECT, zone: ZONE });
    const [newest] = await cloud.instances.list({ project: PROJECT, zone: ZONE, orderBy: 'creationTimestamp desc' });

    expect(byName.map(({ name }) => name)).toEqual(['a-0', 'a-1', 'a-2']);
    expect(newest[0]?.name).toBe('a-0');
  });

  test.each([
    ['filter', 'labels.managed='],
    ['filter', 'colour=red'],
    ['filter', 'name=a AND (name eq b)'],
    ['filter', '(name=a'],
    ['maxResults', '501'],
    ['maxResults', 'x'],
    ['pageToken', 'abc'],
    ['orderBy', 'status'],
  ])('a wrong %s (%s): 400 invalid', async (parameter, value) => {
    const cloud = await computeCloud();
    const query = new URLSearchParams({ [parameter]: value });

    const answer = await fetch(
      `http://${cloud.emulator.address}/compute/v1/projects/${PROJECT}/aggregated/instances?${query.toString()}`,
    );

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { errors: [{ reason: 'invalid' }] } });
  });
});
