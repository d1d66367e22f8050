import { describe, expect, test } from 'vitest';
import { ConfigurationError, readConfiguration } from '#shared/runtime/configuration.ts';

const WHOLE = { GOOGLE_CLOUD_PROJECT: 'demo-project' };

function problems(environment: Readonly<Record<string, string | undefined>>): string {
  try {
    readConfiguration(environment);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ConfigurationError);
    return String(thrown);
  }
  return '';
}

test('a project is all that has to be set', () => {
  expect(readConfiguration(WHOLE)).toEqual({
    project: 'demo-project',
    database: '',
    databaseEpochMs: 0,
    operationsTopic: 'operations',
    deployment: 'production',
    instanceIdPrefix: 'tw',
    resourceIdPrefix: 'inst',
    failedSignInsPerMinute: 20,
    forwardedHops: 2,
    orphanKeptDays: 7,
    sweepSliceMachines: 20_000,
    sweepSlicesAtOnce: 8,
    sweepRunSeconds: 50,
    logLevel: 'info',
    jwt: undefined,
    emulators: { datastore: undefined, pubsub: undefined, compute: undefined },
  });
});

test('everything that is set is read', () => {
  expect(
    readConfiguration({
      ...WHOLE,
      DATASTORE_DATABASE: 'compute-records',
      DATABASE_EPOCH: '2026-01-02T03:04:05.678901Z',
      OPERATIONS_TOPIC: 'ops',
      DEPLOYMENT: 'local',
      INSTANCE_ID_PREFIX: 'vm',
      RESOURCE_ID_PREFIX: 'rv',
      FAILED_SIGN_INS_PER_MINUTE: '60',
      FORWARDED_HOPS: '0',
      ORPHAN_KEPT_DAYS: '30',
      SWEEP_SLICE_MACHINES: '1000',
      SWEEP_SLICES_AT_ONCE: '16',
      SWEEP_RUN_SECONDS: '40',
      LOG_LEVEL: 'debug',
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'compute-api',
      JWT_JWKS_URI: 'https://issuer.example/keys',
      DATASTORE_EMULATOR_HOST: '127.0.0.1:8081',
      PUBSUB_EMULATOR_HOST: 'localhost:8085',
      COMPUTE_EMULATOR_HOST: '[::1]:9000',
    }),
  ).toEqual({
    project: 'demo-project',
    database: 'compute-records',
    databaseEpochMs: Date.parse('2026-01-02T03:04:05.678Z'),
    operationsTopic: 'ops',
    deployment: 'local',
    instanceIdPrefix: 'vm',
    resourceIdPrefix: 'rv',
    failedSignInsPerMinute: 60,
    forwardedHops: 0,
    orphanKeptDays: 30,
    sweepSliceMachines: 1000,
    sweepSlicesAtOnce: 16,
    sweepRunSeconds: 40,
    logLevel: 'debug',
    jwt: { issuer: 'https://issuer.example', audience: 'compute-api', jwksUri: 'https://issuer.example/keys' },
    emulators: { datastore: '127.0.0.1:8081', pubsub: 'localhost:8085', compute: '[::1]:9000' },
  });
});

test.each(['', '(default)'])('the default database may be written %j', (database) => {
  expect(readConfiguration({ ...WHOLE, DATASTORE_DATABASE: database }).database).toBe('');
});

test('an empty setting is an absent one', () => {
  expect(readConfiguration({ ...WHOLE, LOG_LEVEL: '', PUBSUB_EMULATOR_HOST: '' })).toEqual(readConfiguration(WHOLE));
});

describe('each wrong setting is named', () => {
  test.each([
    ['GOOGLE_CLOUD_PROJECT', undefined],
    ['GOOGLE_CLOUD_PROJECT', 'Demo Project'],
    ['DATASTORE_DATABASE', 'No'],
    ['OPERATIONS_TOPIC', '1'],
    ['DEPLOYMENT', 'Production!'],
    ['INSTANCE_ID_PREFIX', '1vm'],
    ['INSTANCE_ID_PREFIX', 'a'.repeat(33)],
    ['FAILED_SIGN_INS_PER_MINUTE', 'many'],
    ['FAILED_SIGN_INS_PER_MINUTE', '-1'],
    ['FAILED_SIGN_INS_PER_MINUTE', '0'],
    ['FORWARDED_HOPS', '1.5'],
    ['DATABASE_EPOCH', 'yesterday'],
    ['ORPHAN_KEPT_DAYS', '0'],
    ['SWEEP_SLICE_MACHINES', '0'],
    ['SWEEP_SLICES_AT_ONCE', 'all'],
    ['SWEEP_RUN_SECONDS', '0.5'],
    ['LOG_LEVEL', 'loud'],
    ['DATASTORE_EMULATOR_HOST', 'localhost'],
    ['PUBSUB_EMULATOR_HOST', 'http://localhost:8085'],
    ['COMPUTE_EMULATOR_HOST', '127.0.0.1:'],
  ])('%s=%s', (name, value) => {
    expect(problems({ ...WHOLE, [name]: value })).toContain(name);
  });

  test.each([
    [{ JWT_ISSUER: 'https://i.example' }, 'JWT_AUDIENCE and JWT_JWKS_URI must be set together'],
    [{ JWT_ISSUER: 'https://i.example', JWT_JWKS_URI: 'https://i.example/k' }, 'JWT_AUDIENCE must be set together'],
    [{ JWT_JWKS_URI: 'https://i.example/k', JWT_AUDIENCE: 'a' }, 'JWT_ISSUER must be set together'],
  ])('half an issuer: %j', (settings, text) => {
    expect(problems({ ...WHOLE, ...settings })).toContain(text);
  });

  test.each(['keys', 'http://issuer.example/keys', 'ftp://issuer.example/keys', 'http://127.0.0.1.evil.example/'])(
    'keys from %s',
    (uri) => {
      expect(problems({ ...WHOLE, JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', JWT_JWKS_URI: uri })).toContain('JWT_JWKS_URI');
    },
  );
});

test('all of them are named at once', () => {
  const text = problems({ LOG_LEVEL: 'loud', FORWARDED_HOPS: 'x', JWT_ISSUER: 'i', PUBSUB_EMULATOR_HOST: 'y' });

  for (const name of ['GOOGLE_CLOUD_PROJECT', 'LOG_LEVEL', 'FORWARDED_HOPS', 'JWT_AUDIENCE', 'PUBSUB_EMULATOR_HOST']) {
    expect(text).toContain(name);
  }
});
