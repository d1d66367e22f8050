import { beforeAll, expect, test } from 'vitest';
import { ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
let id = '';

beforeAll(async () => {
  id = await new ComputeUser(cloud(), 'alice').running();
});

/** Words from error messages of Compute Engine or Datastore. */
const THEIR_WORDS =
  /[Ii]njected|[Ff]ault|grpc|googleapis|datastore\.|compute\.|projects\/|instances\.insert|UNAVAILABLE|RESOURCE_|127\.0\.0\.1/;

test.each([
  ['compute', 'instances.insert', 403],
  ['compute', 'instances.insert', 400],
  ['compute', 'instances.insert', 500],
  ['compute', 'instances.get', 500],
  ['datastore', 'lookup', 14],
  ['datastore', 'commit', 14],
] as const)(
  'what %s says when %s fails with %i is for our log, not for our callers',
  async (service, method, status) => {
    const alice = new ComputeUser(cloud(), 'alice');
    await cloud().addFaults({ service, method, kind: 'error', status, count: 50 });

    const answers = [await alice.create(), await alice.get(id), await alice.power(id, 'reset')];
    await cloud().clearFaults();

    // While Compute Engine is unavailable, reads return the record, marked as stale.
    const affected = answers.filter(({ status: code, headers }) => code >= 400 || headers.has('x-stale'));
    expect(affected.length).toBeGreaterThan(0);
    for (const { status: code, headers, body } of affected) {
      expect([...headers.values()].join(' ')).not.toMatch(THEIR_WORDS);
      if (code < 400) continue;
      expect(headers.get('x-error-id')).toMatch(/^[0-9a-f]{32}$/);
      expect(JSON.stringify(body)).not.toMatch(THEIR_WORDS);
    }
  },
);
