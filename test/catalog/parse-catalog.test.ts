import { describe, expect, test } from 'vitest';
import { parseCatalog } from '#scripts/catalog/parse-catalog.ts';
import localCatalog from '#scripts/local/catalog.json' with { type: 'json' };
import { Failure } from '#shared/domain/failure.ts';
import { aCatalog } from './a-catalog.ts';

type Json = Record<string, unknown>;

/** Returns the example as JSON with one member set at a pointer; `undefined` removes the member. */
function exampleWith(pointer: string, value: unknown): string {
  const catalog = JSON.parse(JSON.stringify(aCatalog())) as Json;
  const names = pointer.split('/').slice(1);
  const last = names.pop() ?? '';
  let target = catalog;
  for (const name of names) target = target[name] as Json;
  if (value === undefined) Reflect.deleteProperty(target, last);
  else target[last] = value;
  return JSON.stringify(catalog);
}

function refusal(text: string): Failure {
  try {
    parseCatalog(text);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error('The catalogue was accepted.');
}

test('a whole catalogue is read as it was written', () => {
  expect(parseCatalog(JSON.stringify(aCatalog()))).toEqual(aCatalog());
});

test('the catalogue of the local cloud is a valid one', () => {
  expect(parseCatalog(JSON.stringify(localCatalog))).toEqual(localCatalog);
});

test('sections may be left out', () => {
  expect(parseCatalog('{}')).toEqual({});
});

describe('refused, naming the place', () => {
  test.each([
    ['/unknown', {}, 'is not known here; known are tiers'],
    ['/tiers', [], 'must be an object whose members are named by id'],
    ['/tiers/Pro Plus', {}, 'must be an id of lower-case letters'],
    ['/tiers/pro/maxInstances', undefined, 'is missing'],
    ['/tiers/pro/maxInstances', -2, 'or -1 (unlimited); it is -2'],
    ['/tiers/pro/perMinute/create', 1.5, 'must be an integer from 0 (disabled)'],
    ['/tiers/pro/perMinute/create', undefined, 'is missing'],
    ['/templates/ubuntu-22-standard/colour', 'red', 'is not known here; known are name, description'],
    ['/templates/ubuntu-22-standard/region', 'us-central1-a', 'must be a region such as "us-central1"'],
    ['/templates/ubuntu-22-standard/machineType', 'zones/z/machineTypes/n1', 'must be a bare machine type'],
    ['/templates/ubuntu-22-standard/diskSizeGb', 9, 'must be an integer from 10 to 65536; it is 9'],
    ['/templates/ubuntu-22-standard/image', 'ubuntu', 'must be an image or image family'],
    ['/configs/default-network/zone', 'us-central1', 'must be a zone such as "us-central1-a"'],
    ['/configs/default-network/tags', ['a', 'a'], 'must be a list of different network tags'],
    ['/configs/default-network/tags/0', 'A', 'must be a network tag'],
    ['/configs/default-network/externalIp', 'yes', 'must be true or false'],
    ['/serverTypes/cx31/vcpus', 0, 'must be an integer from 1 to 2048'],
    ['/networks/net-1', {}, 'must be an id such as "vpc-abc123"'],
    ['/networks/vpc-abc123/network', 'default', 'must be a network such as'],
    ['/subnets/subnet-def456/subnetwork', '', 'must be a subnetwork such as'],
    ['/securityGroups/sg-web/customerId', 'Acme', 'must be the id of a customer'],
    ['/sshKeys/key-001/publicKey', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\nroot:x', 'must be a public key in one line'],
    ['/sshKeys/key-001/user', 'root:', 'must be a login name'],
    ['/prices/n1-standard-2/steps', [], 'must be a list of at least one price'],
    ['/prices/n1-standard-2/steps/0/from', '2026-01-01', 'must be a time such as'],
    ['/prices/n1-standard-2/steps/0/priceCents', 0.5, 'must be cents per instance-hour'],
    ['/spotPrices/n1-standard-2/steps', undefined, 'is missing'],
    ['/spotPrices/n1-standard-2/zones/us-central1', [], 'must be a zone such as "us-central1-a"'],
    ['/spotPrices/n1-standard-2/zones/us-central1-b', [], 'must be a list of at least one price'],
  ])('%s = %j', (pointer, value, message) => {
    const { kind, fields } = refusal(exampleWith(pointer, value));

    expect(kind).toBe('invalid_request');
    const found = fields.find((field) => field.pointer === pointer);
    expect(found?.message).toContain(message);
  });

  test('everything at once', () => {
    const text = exampleWith('/tiers/pro', { perMinute: 1, more: 1 });

    expect(
      refusal(text)
        .fields.map((field) => field.pointer)
        .sort(),
    ).toEqual(['/tiers/pro/maxInstances', '/tiers/pro/more', '/tiers/pro/perMinute']);
  });

  test('slashes and tildes in names are escaped in the pointer', () => {
    expect(refusal('{"a/b~c": {}}').fields[0]?.pointer).toBe('/a~1b~0c');
  });
});

test.each(['', '{', '{"tiers": {}', 'tiers: {}'])('not JSON at all is said to be so: %j', (text) => {
  const failure = refusal(text);

  expect(failure.reason).toBe('malformed_json');
  expect(failure.message).toContain('is not JSON');
});

test.each(['[]', 'null', '1', '"text"'])('JSON that is no object is refused: %s', (text) => {
  expect(refusal(text).fields[0]?.message).toContain('must be an object with tiers');
});
