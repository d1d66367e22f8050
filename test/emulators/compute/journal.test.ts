import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { Journal } from '#scripts/emulators/compute/journal.ts';

test('a file of the first version is read on: its operations get a target and a whole method name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'compute.sqlite');
  new Journal(file).close();
  const machine = { id: '7', project: 'p', zone: 'us-central1-a', name: 'web' };
  const before = {
    name: 'operation-1',
    project: 'p',
    zone: machine.zone,
    method: 'stop',
    machine,
    resource: { id: '42' },
  };
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 0');
  database
    .prepare('INSERT INTO operations (name, project, zone, request_id, insert_ms, doc) VALUES (?, ?, ?, NULL, 1, ?)')
    .run('operation-1', 'p', machine.zone, JSON.stringify(before));
  database.close();

  const journal = new Journal(file);
  onTestFinished(() => journal.close());

  const after = journal.operationById('42');
  expect(after).toMatchObject({ name: 'operation-1', method: 'instances.stop', target: machine });
  expect(after).not.toHaveProperty('machine');
});
