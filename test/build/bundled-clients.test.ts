import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { build } from '#scripts/build.ts';
import { fixtureProject, SOURCES } from './fixture-project.ts';
import { recordingCloud } from './recording-cloud.ts';
import { firstAnswer } from './running-function.ts';

describe('a bundle with pruned clients', { timeout: 60_000 }, () => {
  it.each(['compute-reads', 'compute-publishes', 'compute-creates'])(
    'sends what the whole clients send and understands what they understand: %s',
    async (target) => {
      const root = await fixtureProject();
      await build({ root });
      const cloud = await recordingCloud();
      const { environment } = cloud;
      const source = join(root, `functions/${target.replace('-', '/')}.ts`);

      const whole = await firstAnswer({ target, source, environment });
      const sentByWhole = cloud.requests.splice(0);
      const bundled = await firstAnswer({ target, source: join(root, '.build/functions', target), environment });

      expect(whole.status).toBe(200);
      expect(sentByWhole.length).toBeGreaterThan(1);
      expect(JSON.parse(bundled.body)).toEqual(JSON.parse(whole.body));
      expect(cloud.requests).toEqual(sentByWhole);
    },
  );

  it('passes on the details of an error, over gRPC and over REST', async () => {
    const root = await fixtureProject();
    await build({ root });
    const { environment } = await recordingCloud();
    const details = { reason: 'WORN_OUT', domain: 'tests.example', errorInfoMetadata: { part: 'bearing' } };

    const reads = await firstAnswer({
      target: 'compute-reads',
      source: join(root, '.build/functions/compute-reads'),
      environment,
    });
    const creates = await firstAnswer({
      target: 'compute-creates',
      source: join(root, '.build/functions/compute-creates'),
      environment,
    });

    expect(JSON.parse(reads.body)).toMatchObject({ refused: { code: 10, ...details } });
    expect(JSON.parse(creates.body)).toMatchObject({ refused: { code: 7, httpStatusCode: 403, ...details } });
  });

  it('says which table to change when a method is called that was pruned', async () => {
    const root = await fixtureProject({
      ...SOURCES,
      'functions/compute/suspends.ts': `
        import { http } from '@google-cloud/functions-framework';
        import { instances } from '../../shared/compute.ts';
        import { shown } from '../../shared/shown.ts';
        http('compute-suspends', async (_request, response) => {
          response.json(await shown(() => instances.suspend({ project: 'p', zone: 'z', instance: 'vm' })));
        });
      `,
    });
    await build({ root, only: ['compute-suspends'] });
    const { environment } = await recordingCloud();

    const source = join(root, '.build/functions/compute-suspends');
    const { body } = await firstAnswer({ target: 'compute-suspends', source, environment });

    expect(JSON.parse(body)).toEqual({
      message:
        'google.cloud.compute.v1.Instances.suspend is not in this bundle; name it in scripts/build/google-clients.ts.',
    });
  });
});
