import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { disableRequestDomains } from '#shared/runtime/disable-request-domains.ts';

test('functions-framework serves a request outside of any domain', async () => {
  disableRequestDomains();
  http('outside', (_request, response) => {
    response.json({ inDomain: 'domain' in process && Boolean(process.domain) });
  });
  const server = getTestServer('outside').listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();

  const answer = await fetch(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);

  expect(await answer.json()).toEqual({ inDomain: false });
});
