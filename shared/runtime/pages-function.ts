import { http } from '@google-cloud/functions-framework';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { Failure } from '#shared/domain/failure.ts';
import { requestId as toRequestId } from '#shared/domain/ids.ts';
import type { FamilyAdapter } from '#shared/http/pipeline.ts';
import type { WireRequest } from '#shared/http/request.ts';
import { type Page, Pages, type PagesSource } from '#shared/pages/pages.ts';
import { keepRequestsRaw } from './bypass-body-parsers.ts';
import { readConfiguration } from './configuration.ts';
import { disableRequestDomains } from './disable-request-domains.ts';
import { entryPointOf } from './entry-point.ts';
import { JsonLog } from './log.ts';
import { sendReply, toWireRequest } from './wire.ts';

export interface PagesFunction extends PagesSource {
  readonly name: string;
  /** The family whose error format is used for unknown paths and wrong methods. */
  readonly family: FamilyAdapter;
}

/** Registers the function of the documentation. It does not authenticate callers, because the pages are public. */
export function pagesFunction({ name, family, ...source }: PagesFunction): void {
  keepRequestsRaw();
  disableRequestDomains();
  const log = new JsonLog(readConfiguration(process.env));
  const random = { hex: (bytes: number) => randomBytes(bytes).toString('hex'), fraction: () => 0 };
  const pages = new Pages(source);
  http(entryPointOf(name), (incoming, response) => {
    const startedAtMs = performance.now();
    incoming.resume();
    const request = toWireRequest(incoming);
    const ids = { errorId: random.hex(16), requestId: toRequestId(request.headers['x-request-id'], random) };
    const found = answerTo(pages, request);
    response.setHeader('x-request-id', ids.requestId);
    response.setHeader('x-content-type-options', 'nosniff');
    const failed = found instanceof Failure;
    if (failed) sendFailure(response, found, family.failure(found, ids));
    else sendPage(response, found, request);
    const { method, path, headers } = request;
    log.request({
      requestId: ids.requestId,
      endpoint: name,
      method,
      path,
      status: response.statusCode,
      latencyMs: Math.round(performance.now() - startedAtMs),
      trace: headers['x-cloud-trace-context'] ?? headers['traceparent'],
      outcome: failed ? found.reason : 'granted',
      ...(failed ? { errorId: ids.errorId } : {}),
    });
  });
}

function answerTo(pages: Pages, { method, path, headers }: WireRequest): Page | Failure {
  const page = pages.find(path, /\bapplication\/json\b/.test(headers['accept'] ?? ''));
  if (page === undefined) return new Failure('not_found', 'There is nothing at this path.', { reason: 'unknown_path' });
  if (method === 'GET' || method === 'HEAD') return page;
  return new Failure('method_not_allowed', 'This path takes GET, HEAD.', { allow: ['GET', 'HEAD'] });
}

function sendPage(response: ServerResponse, page: Page, { method, headers }: WireRequest): void {
  response.setHeader('cache-control', page.cacheControl);
  response.setHeader('content-security-policy', page.policy);
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('etag', page.etag);
  response.setHeader('vary', page.vary);
  if (holdsTag(headers['if-none-match'], page.etag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  const packs = takesGzip(headers['accept-encoding']);
  const body = packs ? page.packed : gunzipSync(page.packed);
  response.setHeader('content-type', page.type);
  if (packs) response.setHeader('content-encoding', 'gzip');
  response.setHeader('content-length', body.length);
  response.end(method === 'HEAD' ? undefined : body);
}

/** Compares ETags weakly (RFC 9110 §13.1.2), because a cache may have changed whether a tag is marked as weak. */
function holdsTag(sent: string | undefined, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  return sent?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === opaque) === true;
}

function takesGzip(accepted = ''): boolean {
  return accepted.split(',').some((coding) => /^\s*gzip\s*(;\s*q=(1|0\.0*[1-9]).*)?$/i.test(coding));
}

function sendFailure(response: ServerResponse, failure: Failure, reply: ReturnType<FamilyAdapter['failure']>): void {
  sendReply(response, {
    status: reply.status,
    headers: {
      'content-type': reply.contentType,
      'cache-control': 'no-store',
      ...(failure.allow === undefined ? {} : { allow: failure.allow.join(', ') }),
      ...reply.headers,
    },
    body: JSON.stringify(reply.body),
  });
}
