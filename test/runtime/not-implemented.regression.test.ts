import { expect, test } from 'vitest';
import { JsonLog } from '#shared/runtime/log.ts';

/*
 * A caller who paused an instance of a bid was told 501, as the fleet family documents it, and the request was logged as
 * ERROR and counted as a failure of ours: it used up the error budget. Found by 20,000 hostile requests (seed 3).
 */

test('501 is an answer to the caller: it is logged as INFO and served', () => {
  const texts: string[] = [];
  const log = new JsonLog({ logLevel: 'info', project: 'demo-project' }, { write: (text) => void texts.push(text) });
  const request = {
    requestId: 'request-0001',
    endpoint: 'fleet-instances-update',
    method: 'PATCH',
    path: '/v2/instances',
  };
  log.request({ ...request, status: 501, latencyMs: 12, outcome: 'spot_instance', trace: undefined });

  expect(texts.map((text) => JSON.parse(text) as unknown)).toMatchObject([
    { severity: 'INFO', message: 'request served', status: 501, outcome: 'spot_instance' },
  ]);
});
