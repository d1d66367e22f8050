import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toInstance } from '#shared/gce/instance-order.ts';
import { COMPUTE_PERMISSIONS, INSERT_PERMISSIONS } from '#shared/gce/permissions.ts';
import { permissionLists } from '#scripts/generate/infra-lists.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { tableRows } from './markdown-table.ts';
import { blocks, generated, INFRA } from './terraform-sources.ts';

const adapter = ['compute.ts', 'disks.ts', 'edit-calls.ts', 'serial-port.ts']
  .map((file) => readFileSync(join(INFRA, '../shared/gce', file), 'utf8'))
  .join('\n');
const SERVICES: Readonly<Record<string, string>> = {
  disks: 'disks',
  instances: 'instances',
  operations: 'zoneOperations',
};

/** Methods of the clients that make no call to Compute Engine. */
const LOCAL = ['.close', '.initialize'];

/** Returns the calls that the adapter makes through its clients, such as `instances.get`. */
function calls(): readonly string[] {
  const found = [...adapter.matchAll(/\b(disks|instances|operations)\s*\.(\w+)\(/g)].map(
    ([, client = '', method = '']) => `${SERVICES[client] ?? client}.${method.replace(/Async$/, '')}`,
  );
  return [...new Set(found)].filter((call) => !LOCAL.some((method) => call.endsWith(method))).sort();
}

/** Returns the members of an Instance resource that an insert may contain. */
function insertMembers(): readonly string[] {
  const place = { zone: 'us-central1-a', name: 'tw-1' };
  const { machine } = anInstance();
  const accelerator = { type: 'nvidia-tesla-t4', count: 1 };
  const orders = [
    { ...machine, accelerator, localSsds: 1 },
    { ...machine, spot: true },
  ];
  return [...new Set(orders.flatMap((order) => Object.keys(toInstance(place, order, 'd'))))].sort();
}

describe('the role for machines', () => {
  it('has the permissions of exactly the calls that the adapter makes', () => {
    expect(calls()).toEqual(Object.keys(COMPUTE_PERMISSIONS).sort());
  });

  it('has the permissions of exactly the members that an insert sends', () => {
    expect(insertMembers()).toEqual(Object.keys(INSERT_PERMISSIONS).sort());
  });

  it('is what Terraform reads', () => {
    expect(generated('permissions.json')).toEqual(permissionLists());
  });
});

describe('the tables in infra/README.md', () => {
  const rows = tableRows(readFileSync(join(INFRA, 'README.md'), 'utf8'));
  const bindings = blocks().filter(({ labels }) => labels[0]?.endsWith('_iam_member') === true);

  it('have a row for every role binding, and none that is gone', () => {
    const addresses = bindings.map(({ labels }) => `\`${labels.join('.')}\``).sort();
    const listed = rows.map(([first = '']) => first).filter((cell) => cell.startsWith('`google_'));

    expect(listed.sort()).toEqual(addresses);
  });

  it.each(bindings.map((block) => [block.labels.join('.'), block] as const))(
    'name who has which role by %s',
    (address, { body }) => {
      const [, who = '', role = ''] = rows.find(([first]) => first === `\`${address}\``) ?? [];
      const account = /google_service_account\.account\["([^"]+)"\]/.exec(
        /^ {2}member\s*=.*$/m.exec(body)?.[0] ?? '',
      )?.[1];

      expect(role).toBe(/role\s*=\s*"([^"]+)"/.exec(body)?.[1]?.replace(/.*/, '`$&`') ?? 'custom role `machines`');
      if (account !== undefined) expect(who).toBe(`\`${account}\``);
    },
  );

  it('name every service account', () => {
    const identities = blocks().find(({ file, kind }) => file === 'identities.tf' && kind === 'locals')?.body ?? '';
    const accounts = /_accounts = \{\n([\s\S]*?)\n {2}\}/.exec(identities)?.[1] ?? '';
    const names = [...accounts.matchAll(/^ {4}([\w-]+)\s*=/gm)].map(([, name = '']) => `\`${name}\``);
    const listed = rows.filter((cells) => cells.length === 2).map(([first = '']) => first);

    expect(names.length).toBeGreaterThan(4);
    expect(names.filter((name) => !listed.includes(name))).toEqual([]);
  });
});
