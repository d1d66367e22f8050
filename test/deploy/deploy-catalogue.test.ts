import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyCommand, catalogueCommand, planCommand } from '#scripts/deploy/commands.ts';
import { aDeployment, cataloguePlan } from './a-deployment.ts';
import { CHECKS, EMPTY, NO_OUTPUTS, steps, refusal } from './deploy-steps.ts';

describe('the catalogue', () => {
  const UNCHANGED = { to: / plan -input/, code: 0 };
  const BY_HAND = cataloguePlan({
    what: 'tier pro',
    change: 'change',
    members: [{ member: 'maxInstances', from: 5, to: 3 }],
  });

  it('is filled in from what was made, and written to the deployed database', async () => {
    const { context, programs, catalogue } = await aDeployment({
      environment: { DATASTORE_EMULATOR_HOST: '127.0.0.1:1' },
    });

    await applyCommand(context, { yes: true, catalogue });

    const [planned, , applied] = programs.calls.filter(({ line }) => line.includes('catalog.ts'));
    expect(planned?.line).toBe('node scripts/catalog.ts plan - --json --project=my-project --database=(default)');
    expect(applied?.line).toBe('node scripts/catalog.ts apply - --project=my-project --database=(default)');
    for (const call of [planned, applied]) {
      expect(JSON.parse(call?.input ?? '')).toMatchObject({ configs: { a: { zone: 'europe-west1-b' } } });
      expect(call?.environment).not.toHaveProperty('DATASTORE_EMULATOR_HOST');
    }
  });

  it('is shown by plan: what apply would write, and what it would put back', async () => {
    const { context, lines, notes, catalogue } = await aDeployment({ answers: [UNCHANGED, BY_HAND] });

    await planCommand(context, { catalogue });

    expect(notes.join('\n')).toContain('~ tier pro\n    maxInstances: 5 → 3\n\n0 to add, 1 to change, 0 to remove.');
    expect(notes.at(-1)).toBe('Nothing was changed. `apply` does the above.');
    expect(steps(await lines())).not.toContain('catalogue');
  });

  it('is what plan calls as it should be when neither it nor the infrastructure would change', async () => {
    const { context, notes, catalogue } = await aDeployment({ answers: [UNCHANGED, cataloguePlan()] });

    await planCommand(context, { catalogue });

    expect(notes.at(-1)).toBe('Everything is as it should be.');
  });

  it.each([
    ['nothing is deployed yet', { answers: [...EMPTY, NO_OUTPUTS] }],
    ['a first deployment broke off', { answers: [NO_OUTPUTS] }],
    [
      'the deployment goes over to another database',
      {
        answers: [
          ...EMPTY.slice(0, 1),
          { to: /^gcloud firestore databases describe/, stdout: 'DATASTORE_MODE\n' },
          { to: /^gcloud firestore indexes/, stdout: '[]' },
        ],
        target: { databaseId: 'restored' },
      },
    ],
  ])('is not looked for by plan when %s', async (_, options) => {
    const { context, lines, notes, catalogue } = await aDeployment(options);

    await planCommand(context, { catalogue });

    expect(notes.join('\n')).toContain('is shown when the infrastructure is there');
    expect(steps(await lines())).not.toContain('catalogue plan');
  });

  it('that changes entries is asked about, though the infrastructure is as it should be', async () => {
    const { context, lines, notes, questions, catalogue } = await aDeployment({
      answers: [UNCHANGED, BY_HAND],
      says: 'no',
    });

    const said = await refusal(applyCommand(context, { yes: false, catalogue }));

    expect(said).toBe('Nothing was changed.');
    expect(questions).toEqual(['Apply this to my-project (production)? yes or no: ']);
    expect(notes.join('\n')).toContain('~ tier pro');
    expect(steps(await lines())).not.toContain('catalogue');
  });

  it('that changes entries is applied after one yes, and tells what was applied', async () => {
    const { context, notes, questions, catalogue } = await aDeployment({ answers: [BY_HAND], says: 'yes' });

    await applyCommand(context, { yes: false, catalogue });

    expect(questions).toHaveLength(1);
    expect(notes.join('\n')).toContain(
      '+ tier free\n\n1 to add, 0 to change, 0 to remove.\nDone.\nok  catalogue applied',
    );
  });

  it('that changes entries which could not be shown before is asked about once the infrastructure is there', async () => {
    const { context, lines, notes, questions, catalogue } = await aDeployment({
      answers: [...EMPTY, BY_HAND],
    });
    const ask = async (question: string) => {
      questions.push(question);
      return questions.length === 1 ? 'yes' : 'no';
    };

    const said = await refusal(
      applyCommand({ ...context, world: { ...context.world, ask } }, { yes: false, catalogue }),
    );

    expect(questions.at(-1)).toBe('Apply the catalogue to my-project (production)? yes or no: ');
    expect(said).toMatch(/catalogue was not changed/);
    expect(notes.join('\n')).toContain('~ tier pro');
    expect(steps(await lines())).not.toContain('catalogue');
  });

  it('that only adds entries is no reason to ask', async () => {
    const { context, questions, lines, catalogue } = await aDeployment({ answers: [UNCHANGED] });

    await applyCommand(context, { yes: false, catalogue });

    expect(questions).toEqual([]);
    expect(steps(await lines())).toContain('catalogue');
  });

  it('that changes entries is applied with --yes, and only with it where nobody can be asked', async () => {
    const asked = await aDeployment({ answers: [UNCHANGED, BY_HAND] });
    const told = await aDeployment({ answers: [UNCHANGED, BY_HAND] });

    const said = await refusal(applyCommand(asked.context, { yes: false, catalogue: asked.catalogue }));
    await applyCommand(told.context, { yes: true, catalogue: told.catalogue });

    expect(said).toMatch(/Nobody is there[^]*--yes[^]*--no-catalog/);
    expect(told.questions).toEqual([]);
    expect(steps(await told.lines())).toContain('catalogue');
  });

  it.each([
    ['planned', { to: /catalog.ts plan/, code: 2, stderr: 'catalog: /tiers/free/maxInstances is missing' }],
    ['applied', { to: /catalog.ts apply/, code: 1, stderr: 'catalog: /tiers/free/maxInstances is missing' }],
  ])(
    'that could not be %s is refused with the reason, and with commands that a shell understands',
    async (what, answer) => {
      const { context, catalogue } = await aDeployment({ answers: [answer] });

      const said = await refusal(applyCommand(context, { yes: true, catalogue }));

      expect(said).toMatch(new RegExp(`could not be ${what}: catalog: /tiers/free/maxInstances is missing`));
      const commands = said.split('\n').filter((line) => line.startsWith('npm '));
      expect(commands).toEqual([
        `npm run deploy -- catalog .build/catalog.json --project=my-project --region=europe-west1 --env=production --catalog=${catalogue}`,
        "npm run catalog -- plan .build/catalog.json --project=my-project '--database=(default)'",
      ]);
      for (const command of commands) expect(spawnSync('bash', ['-n', '-c', command]).status, command).toBe(0);
    },
  );

  it('can be had as a file with its blanks filled in, and nothing is built or changed for it', async () => {
    const { context, root, lines, catalogue } = await aDeployment();
    const output = join(root, 'new', 'filled.json');

    const text = await catalogueCommand(context, { catalogue, output: undefined });
    const nothing = await catalogueCommand(context, { catalogue, output });

    expect(JSON.parse(text ?? '')).toMatchObject({ configs: { a: { zone: 'europe-west1-b' } } });
    expect([nothing, await readFile(output, 'utf8')]).toEqual([undefined, text]);
    expect(new Set(steps(await lines()))).toEqual(new Set([...CHECKS, 'init', 'outputs']));
  });
});
