import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseCatalog } from '#scripts/catalog/parse-catalog.ts';
import { filledIn } from '#scripts/deploy/catalogue.ts';
import { OF_THE_DATABASE } from '#scripts/deploy/database.ts';
import { databaseOfEnvironment } from '#scripts/console/datastore-target.ts';
import { LIMITED_OPERATIONS } from '#shared/domain/tier.ts';
import { tableRows } from './markdown-table.ts';
import { blocks, INFRA, terraformFiles } from './terraform-sources.ts';

describe('Terraform files', () => {
  it('are formatted, where terraform is installed to say so', async () => {
    const { code, output } = await terraformFormat();
    if (code === undefined) console.log('terraform is not installed: formatting skipped');

    expect([0, undefined], output).toContain(code);
  });

  it('run no programs, and look up nothing that they could refer to', () => {
    const text = terraformFiles().map((file) => file.text);

    for (const word of ['null_resource', 'terraform_data', 'provisioner', 'local-exec', 'data "', 'random_']) {
      expect(
        text.filter((each) => each.includes(word)),
        word,
      ).toEqual([]);
    }
  });

  it.each(['variable', 'output'])('describe each %s in a sentence, in alphabetical order', (kind) => {
    const found = blocks().filter((block) => block.kind === kind);
    const names = found.map(({ labels }) => labels[0]);

    expect(names.length).toBeGreaterThan(3);
    expect(names).toEqual([...names].sort());
    for (const { labels, body } of found) expect(body, labels[0]).toMatch(/description\s*=\s*"[A-Z][^"]*\."/);
  });

  it('pin both providers to one version', () => {
    const versions = [
      ...(terraformFiles().find(({ name }) => name === 'versions.tf')?.text ?? '').matchAll(/^ +version = "([^"]+)"/gm),
    ];

    expect(new Set(versions.map(([, version]) => version)).size).toBe(1);
    expect(versions[0]?.[1]).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('monitoring', () => {
  it('counts log lines that the sources write', () => {
    const monitoring = terraformFiles().find(({ name }) => name === 'monitoring.tf')?.text ?? '';
    const messages = [...monitoring.matchAll(/message\s*=\s*"([^"]+)"/g)].map(([, message = '']) => message);
    const sources = sourcesBelow(join(INFRA, '../shared'));

    expect(messages.length).toBeGreaterThan(4);
    // The sweep writes this one once it has its brake.
    const awaited = ['too many VMs without a record'];
    const unwritten = messages.filter(
      (message) => ![`'${message}'`, `"${message}"`].some((text) => sources.includes(text)),
    );
    expect(unwritten.filter((message) => !awaited.includes(message))).toEqual([]);
    expect(sources).toContain('oldestOpenSeconds');
  });

  it('has a section of the runbook for every alert policy, with the command that finds what is wrong', () => {
    const texts = terraformFiles().flatMap(({ text }) => [
      ...text.matchAll(/Runbook: infra\/README\.md, ([A-Z][^."]*)\./g),
    ]);
    const monitored = [
      ...(terraformFiles().find(({ name }) => name === 'monitoring.tf')?.text ?? '').matchAll(/^ {4}"([^"]+)" = \{$/gm),
    ];
    const titles = [...texts, ...monitored].map(([, title = '']) => title).filter((title) => !title.startsWith('$'));
    const readme = readFileSync(join(INFRA, 'README.md'), 'utf8');

    expect(new Set(titles).size).toBeGreaterThan(12);
    for (const title of new Set(titles)) {
      const [, section = ''] = new RegExp(`^### ${title}$\n([\\s\\S]*?)(?=^##|\\Z)`, 'm').exec(readme) ?? [];
      expect(section, title).toMatch(/`(npm run platform|npm run deploy|gcloud) /);
    }
  });

  it('is documented: README.md names every alert policy', () => {
    const monitoring = terraformFiles().find(({ name }) => name === 'monitoring.tf')?.text ?? '';
    const alerts = [...monitoring.matchAll(/^ {4}"([^"]+)" = \{$/gm)].map(([, name = '']) => name);
    const documented = tableRows(readFileSync(join(INFRA, 'README.md'), 'utf8')).map(([first]) => first);

    expect(alerts.length).toBeGreaterThan(6);
    expect(alerts.filter((alert) => !documented.includes(alert))).toEqual([]);
  });
});

describe('the catalogue that is deployed', () => {
  const outputs = {
    address: '',
    functions: {},
    alertsGoTo: undefined,
    database: '',
    network: { network: 'global/networks/n', region: 'us-east1', subnetwork: 'regions/us-east1/subnetworks/s' },
  };
  const text = readFileSync(join(INFRA, 'catalog.json'), 'utf8');

  it('is valid once its blanks are filled in', () => {
    const catalogue = parseCatalog(filledIn(text, outputs));

    expect(catalogue.configs?.['default-network']).toMatchObject({ zone: 'us-east1-b', network: 'global/networks/n' });
    expect(Object.keys(catalogue.tiers?.['free']?.perMinute ?? {}).sort()).toEqual([...LIMITED_OPERATIONS].sort());
  });

  it('has a price for every machine type that can be ordered', () => {
    const { templates = {}, serverTypes = {}, prices = {} } = parseCatalog(filledIn(text, outputs));
    const ordered = [...Object.values(templates), ...Object.values(serverTypes)].map(({ machineType }) => machineType);

    expect(ordered.filter((machineType) => prices[machineType] === undefined)).toEqual([]);
  });

  it('uses network tags that a firewall rule knows', () => {
    const { configs = {}, securityGroups = {} } = parseCatalog(filledIn(text, outputs));
    const network = terraformFiles().find(({ name }) => name === 'network.tf')?.text ?? '';

    for (const tag of [...Object.values(configs), ...Object.values(securityGroups)].flatMap(({ tags }) => tags)) {
      expect(network).toMatch(new RegExp(`^    ${tag} +=`, 'm'));
    }
  });

  it('refuses a blank that nobody fills in', () => {
    expect(() => filledIn('{"a": "${planet}"}', outputs)).toThrow(
      /\$\{planet\}; known are network, region, subnetwork, zone/,
    );
  });
});

describe('the deploy command', () => {
  it('leaves no resource of a database out of what Terraform forgets when another one takes its place', () => {
    const dependent = blocks().filter(({ labels }) => labels[0]?.startsWith('google_firestore_') === true);

    expect([...OF_THE_DATABASE].sort()).toEqual(dependent.map(({ labels }) => labels.join('.')).sort());
  });
});

it('no function asks for more instances than the variable max_instances lets it have', () => {
  const body = blocks().find(({ labels }) => labels[0] === 'google_cloudfunctions2_function')?.body ?? '';

  expect(body).toMatch(/max_instance_count += min\(local\._instances_max\[each\.key\], coalesce\(var\.max_instances, /);
});

it('the deploy command and Terraform call indexes by the same names', () => {
  const datastore = terraformFiles().find(({ name }) => name === 'datastore.tf')?.text ?? '';

  expect(datastore).toContain(
    'join("-", concat([index.kind], [for property in index.properties : "${property.name}_${property.direction}"]))',
  );
});

it('the deploy command and Terraform mean the same database', () => {
  const main = terraformFiles().find(({ name }) => name === 'main.tf')?.text ?? '';

  expect(main).toContain('var.environment == "production" ? "(default)" : "compute-api-${var.environment}"');
  expect([databaseOfEnvironment('production'), databaseOfEnvironment('staging')]).toEqual([
    '(default)',
    'compute-api-staging',
  ]);
});

/** Runs Terraform's format check. `code` is `undefined` if terraform is not installed. */
async function terraformFormat(): Promise<{ readonly code: number | undefined; readonly output: string }> {
  try {
    await promisify(execFile)('terraform', ['fmt', '-check', '-diff', '-recursive', INFRA]);
    return { code: 0, output: '' };
  } catch (thrown) {
    if (!(thrown instanceof Error) || !('code' in thrown)) throw thrown;
    if (thrown.code === 'ENOENT') return { code: undefined, output: '' };
    return { code: Number(thrown.code), output: 'stdout' in thrown ? String(thrown.stdout) : '' };
  }
}

function sourcesBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}
