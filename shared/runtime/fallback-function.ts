import { http } from '@google-cloud/functions-framework';
import type { Fallback } from '#shared/contracts/contract.ts';
import { Failure } from '#shared/domain/failure.ts';
import { uncounted } from '#shared/domain/rate-limit.ts';
import { requestId as toRequestId } from '#shared/domain/ids.ts';
import type { FamilyAdapter } from '#shared/http/pipeline.ts';
import { matchPath } from '#shared/http/request.ts';
import { randomBytes } from 'node:crypto';
import { readConfiguration } from './configuration.ts';
import { JsonLog } from './log.ts';
import { keepRequestsRaw } from './bypass-body-parsers.ts';
import { disableRequestDomains } from './disable-request-domains.ts';
import { entryPointOf } from './entry-point.ts';
import { sendReply, toWireRequest } from './wire.ts';

/**
 * Registers the function that responds to requests that match no endpoint, so that an unknown path or wrong method gets
 * the family's error format and not the gateway's. It does not authenticate callers, because it exposes nothing.
 */
export function fallbackFunction(fallback: Fallback, family: FamilyAdapter): void {
  keepRequestsRaw();
  disableRequestDomains();
  const log = new JsonLog(readConfiguration(process.env));
  const random = { hex: (bytes: number) => randomBytes(bytes).toString('hex'), fraction: () => 0 };
  http(entryPointOf(fallback.name), (request, response) => {
    request.resume();
    const { path, method, headers } = toWireRequest(request);
    const ids = { errorId: random.hex(16), requestId: toRequestId(headers['x-request-id'], random) };
    const failure = failureOf(fallback, path);
    const nowMs = Date.now();
    const reply = family.failure(failure, ids);
    log.request({
      requestId: ids.requestId,
      endpoint: fallback.name,
      method,
      path,
      status: reply.status,
      latencyMs: 0,
      trace: headers['x-cloud-trace-context'] ?? headers['traceparent'],
      outcome: failure.reason,
      errorId: ids.errorId,
    });
    sendReply(response, {
      status: reply.status,
      headers: {
        'content-type': reply.contentType,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': ids.requestId,
        ...family.limitHeaders(uncounted(nowMs), nowMs),
        ...(failure.allow === undefined ? {} : { allow: failure.allow.join(', ') }),
        ...reply.headers,
      },
      body: JSON.stringify(reply.body),
    });
  });
}

function failureOf(fallback: Fallback, path: string): Failure {
  const known = fallback.routes.find((route) => matchPath(route.path, path) !== undefined);
  if (known === undefined) {
    return new Failure('not_found', 'There is nothing at this path.', { reason: 'unknown_path' });
  }
  return new Failure('method_not_allowed', `This path takes ${known.allow.join(', ')}.`, { allow: known.allow });
}
