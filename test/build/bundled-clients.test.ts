import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '#scripts/build.ts';
import { builtProject } from './fixture-project.ts';
import { recordingCloud } from './recording-cloud.ts';
import { firstAnswer } from './running-function.ts';

const SUSPENDS = `
  import { http } from '@google-cloud/functions-framework';
  import { instances } from '../../shared/compute.ts';
  import { shown } from '../../shared/shown.ts';
  http('compute-suspends', async (_request, response) => {
    response.json(await shown(() => instances.suspend({ project: 'p', zone: 'z', instance: 'vm' })));
  });
`;

describe('a bundle with pruned clients', () => {
  const removals: (() => Promise<void>)[] = [];
  let root: string;
  const artefact = (target: string) => join(root, '.build/functions', target);
  beforeAll(async () => {
    root = await builtProject((remove) => removals.push(remove));
  });
  afterAll(() => Promise.all(removals.map((remove) => remove())));

  it.each(['compute-reads', 'compute-publishes', 'compute-creates'])(
    'sends what the whole clients send and understands what they understand: %s',
    async (target) => {
      const cloud = await recordingCloud();
      const { environment } = cloud;
      const source = join(root, `functions/${target.replace('-', '/')}.ts`);

      const whole = await firstAnswer({ target, source, environment });
      const sentByWhole = cloud.requests.splice(0);
      const bundled = await firstAnswer({ target, source: artefact(target), environment });

      expect(whole.status).toBe(200);
      expect(sentByWhole.length).toBeGreaterThan(1);
      expect(JSON.parse(bundled.body)).toEqual(JSON.parse(whole.body));
      expect(cloud.requests).toEqual(sentByWhole);
    },
  );

  it('passes on the details of an error, over gRPC and over REST', async () => {
    const { environment } = await recordingCloud();
    const details = { reason: 'WORN_OUT', domain: 'tests.example', errorInfoMetadata: { part: 'bearing' } };

    const reads = await firstAnswer({ target: 'compute-reads', source: artefact('compute-reads'), environment });
    const creates = await firstAnswer({ target: 'compute-creates', source: artefact('compute-creates'), environment });

    expect(JSON.parse(reads.body)).toMatchObject({ refused: { code: 10, ...details } });
    expect(JSON.parse(creates.body)).toMatchObject({ refused: { code: 7, httpStatusCode: 403, ...details } });
  });

  it('says which table to change when a method is called that was pruned', async () => {
    await writeFile(join(root, 'functions/compute/suspends.ts'), SUSPENDS);
    await build({ root, only: ['compute-suspends'] });
    const { environment } = await recordingCloud();

    const { body } = await firstAnswer({
      target: 'compute-suspends',
      source: artefact('compute-suspends'),
      environment,
    });

    expect(JSON.parse(body)).toEqual({
      message:
        'google.cloud.compute.v1.Instances.suspend is not in this bundle; name it in scripts/build/google-clients.ts.',
    });
  });
});
