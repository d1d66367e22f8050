/**
 * Tests on a deployment's own database what every write relies on (infra/decisions/conditional-commits.md): a commit
 * that is conditional on an old version is refused, and a masked write leaves the properties that it does not name
 * unchanged. Writes one row and removes it.
 */
import { randomBytes } from 'node:crypto';
import { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { JOB_STATE } from '#shared/datastore/bookkeeping-rows.ts';
import { plainTime } from '#shared/datastore/field.ts';
import { Conflict, erase, insert, ref, replace, touch } from '#shared/datastore/write.ts';

const line = new CommandLine(
  'conditional-commits',
  'Proves that the database refuses commits on condition of an old version.',
);

line.only({ examples: ['--local', '--project my-project'], configure: (command) => command }, async (session) => {
  const { store } = session;
  const target = ref(JOB_STATE, `verify-${randomBytes(8).toString('hex')}`);
  const problems: string[] = [];
  try {
    await store.write([insert(JOB_STATE, target.id, { cursor: 'one', ranAtMs: 1_000 })]);
    const row = await store.get(target);
    if (row === undefined) throw new Error('A row that was just written is not found.');
    await store.write([replace(row, { cursor: 'two', ranAtMs: 1_000 })]);
    const refused = await store.commitOnce([replace(row, { cursor: 'three', ranAtMs: 1_000 })]).then(
      () => false,
      (thrown: unknown) => thrown instanceof Conflict,
    );
    if (!refused) problems.push('a commit on condition of an old version was applied');
    await store.write([touch(target, 'ranAtMs', 2_000, plainTime)]);
    const after = await store.get(target);
    if (after?.value.cursor !== 'two' || after.value.ranAtMs !== 2_000) {
      problems.push('a masked write changed more than it named');
    }
  } finally {
    await store.write([erase(target)]);
  }
  const text = problems.length === 0 ? 'Commits are conditional.\n' : `Not as it must be: ${problems.join('; ')}.\n`;
  session.print(text, { problems });
  return problems.length === 0 ? EXIT.ok : EXIT.error;
});

process.exitCode = await line.run(process.argv.slice(2));
