import type { JwtOptions } from '#shared/auth/jwt.ts';

/** A function's configuration from its environment, validated at start. */
export interface Configuration {
  readonly project: string;
  /** `""`: the default database. */
  readonly database: string;
  /**
   * When the database was created, epoch ms; 0: unknown. Distinguishes it from an earlier database of the same name.
   */
  readonly databaseEpochMs: number;
  readonly operationsTopic: string;
  /** Value of the label that marks this deployment's VMs. */
  readonly deployment: string;
  readonly instanceIdPrefix: string;
  /** Prefix of the ids of instances that are created through the resource family. */
  readonly resourceIdPrefix: string;
  readonly failedSignInsPerMinute: number;
  readonly forwardedHops: number;
  /** Days for which a VM without a record is kept, stopped, before it is deleted. */
  readonly orphanKeptDays: number;
  /** About how many VMs a slice of the sweep holds. */
  readonly sweepSliceMachines: number;
  /** Number of slices on which a run of the sweep works at once. */
  readonly sweepSlicesAtOnce: number;
  /** Seconds after which a run of the sweep stops, to be continued by the next one. */
  readonly sweepRunSeconds: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly jwt: JwtOptions | undefined;
  /** `host:port` of emulators; `undefined` in Google Cloud. */
  readonly emulators: {
    readonly datastore: string | undefined;
    readonly pubsub: string | undefined;
    readonly compute: string | undefined;
  };
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** The configuration is invalid; the message lists every problem. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and validates a function's environment. Throws ConfigurationError. */
export function readConfiguration(environment: Environment): Configuration {
  const problems: string[] = [];
  const text = (name: string, fallback: string | undefined, pattern: RegExp, form: string): string => {
    const given = environment[name];
    const value = given === undefined || given === '' ? fallback : given;
    if (value === undefined) problems.push(`${name} is not set`);
    else if (!pattern.test(value)) problems.push(`${name} must be ${form}, not "${value}"`);
    return value ?? '';
  };
  const whole = (name: string, fallback: number, min: 0 | 1): number =>
    Number(
      text(
        name,
        String(fallback),
        min === 0 ? /^\d{1,9}$/ : /^[1-9]\d{0,8}$/,
        min === 0 ? 'a whole number' : 'a whole number from 1',
      ),
    );
  const host = (name: string): string | undefined =>
    text(name, '-', /^(-|[\w.:[\]-]+:\d{1,5})$/, 'host:port').replace(/^-$/, '') || undefined;
  const configuration: Configuration = {
    project: text('GOOGLE_CLOUD_PROJECT', undefined, /^[a-z][-a-z0-9:.]{4,61}[a-z0-9]$/, 'a project id'),
    database: text(
      'DATASTORE_DATABASE',
      '(default)',
      /^(\(default\)|[a-z][-a-z0-9]{2,61}[a-z0-9])$/,
      'a database id',
    ).replace('(default)', ''),
    databaseEpochMs: Date.parse(
      text(
        'DATABASE_EPOCH',
        '1970-01-01T00:00:00Z',
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
        'a time in RFC 3339, UTC',
      ),
    ),
    operationsTopic: text('OPERATIONS_TOPIC', 'operations', /^[A-Za-z][\w.~+%-]{2,254}$/, 'the id of a topic'),
    deployment: text('DEPLOYMENT', 'production', /^[a-z0-9][-_a-z0-9]{0,62}$/, 'a label value'),
    // The id continues with six and eight hex digits and two hyphens; a VM's name has at most 63 characters.
    instanceIdPrefix: text('INSTANCE_ID_PREFIX', 'tw', /^[a-z][-a-z0-9]{0,31}$/, 'the beginning of a VM name'),
    resourceIdPrefix: text('RESOURCE_ID_PREFIX', 'inst', /^[a-z][-a-z0-9]{0,31}$/, 'the beginning of a VM name'),
    failedSignInsPerMinute: whole('FAILED_SIGN_INS_PER_MINUTE', 20, 1),
    forwardedHops: whole('FORWARDED_HOPS', 2, 0),
    orphanKeptDays: whole('ORPHAN_KEPT_DAYS', 7, 1),
    sweepSliceMachines: whole('SWEEP_SLICE_MACHINES', 20_000, 1),
    sweepSlicesAtOnce: whole('SWEEP_SLICES_AT_ONCE', 8, 1),
    sweepRunSeconds: whole('SWEEP_RUN_SECONDS', 50, 1),
    logLevel:
      LOG_LEVELS.find(
        (level) =>
          level ===
          text('LOG_LEVEL', 'info', new RegExp(`^(${LOG_LEVELS.join('|')})$`), `one of ${LOG_LEVELS.join(', ')}`),
      ) ?? 'info',
    jwt: readJwt(environment, problems),
    emulators: {
      datastore: host('DATASTORE_EMULATOR_HOST'),
      pubsub: host('PUBSUB_EMULATOR_HOST'),
      compute: host('COMPUTE_EMULATOR_HOST'),
    },
  };
  if (problems.length > 0) throw new ConfigurationError(`The configuration is not usable: ${problems.join('; ')}.`);
  return configuration;
}

/**
 * Reads the settings of the JWT issuer; all three or none must be set, because a part would accept no token, or any.
 */
function readJwt(environment: Environment, problems: string[]): JwtOptions | undefined {
  const names = ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_JWKS_URI'] as const;
  const missing = names.filter((name) => (environment[name] ?? '') === '');
  if (missing.length === names.length) return undefined;
  const jwksUri = environment['JWT_JWKS_URI'] ?? '';
  if (missing.length > 0) problems.push(`${missing.join(' and ')} must be set together with the other JWT_ settings`);
  else if (!isTrustworthy(jwksUri)) problems.push('JWT_JWKS_URI must be an https URL');
  return { issuer: environment['JWT_ISSUER'] ?? '', audience: environment['JWT_AUDIENCE'] ?? '', jwksUri };
}

/**
 * Returns whether the keys can be fetched safely. An attacker who can change them in transit can sign in as any user,
 * so HTTP is allowed for this machine only.
 */
function isTrustworthy(uri: string): boolean {
  const url = URL.parse(uri);
  return (
    url?.protocol === 'https:' || (url?.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
  );
}
