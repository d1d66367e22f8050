import { http } from '@google-cloud/functions-framework';
import { CatalogReader } from '#shared/actions/catalog-reader.ts';
import { Authenticator } from '#shared/auth/authenticator.ts';
import type { Endpoint } from '#shared/contracts/contract.ts';
import { serve, type Call, type PipelineTools, type FamilyAdapter } from '#shared/http/pipeline.ts';
import type { Reply, WireReply } from '#shared/contracts/reply.ts';
import { behind, type Gate } from '#shared/concurrency/gate.ts';
import type { WireRequest } from '#shared/http/request.ts';
import { RateLimiter } from '#shared/actions/rate-limiter.ts';
import { openBase, type BaseTools } from './base-tools.ts';
import { keepRequestsRaw } from './bypass-body-parsers.ts';
import { disableRequestDomains } from './disable-request-domains.ts';
import { entryPointOf } from './entry-point.ts';
import { sendReply, toWireRequest } from './wire.ts';

export type FunctionTools = BaseTools & { readonly catalog: CatalogReader };

export interface HttpFunction<Params, Query, Body, More> {
  readonly endpoint: Endpoint<Params, Query, Body>;
  readonly family: FamilyAdapter;
  /** Opens further clients that this function needs: `openCompute`, `openPublisher`. */
  readonly open?: (base: BaseTools) => More;
  /**
   * Handles a request. `tools` are behind its gate: no write, publish or cloud call is sent before its token is
   * granted.
   */
  readonly handle: (call: Call<Params, Query, Body>, tools: FunctionTools & More) => Promise<Reply>;
}

/** Registers an endpoint with functions-framework, under its entry point. */
export function httpFunction<Params, Query, Body, More = unknown>(
  definition: HttpFunction<Params, Query, Body, More>,
): void {
  keepRequestsRaw();
  disableRequestDomains();
  const answer = openHttpFunction(definition, openBase());
  http(entryPointOf(definition.endpoint.name), async (request, response) => {
    sendReply(response, await answer(toWireRequest(request)));
  });
}

/** Opens an endpoint's tools and returns its request handler, independent of any framework. */
export function openHttpFunction<Params, Query, Body, More = unknown>(
  definition: HttpFunction<Params, Query, Body, More>,
  base: BaseTools,
): (request: WireRequest) => Promise<WireReply> {
  const catalog = new CatalogReader(base);
  const more = definition.open?.(base);
  // Without `open`, More is `unknown`, and no further tools are expected.
  const tools = { ...base, catalog, ...more } as FunctionTools & More;
  const pipeline = {
    endpoint: definition.endpoint,
    family: definition.family,
    handle: (call: Call<Params, Query, Body>, gate: Gate) => definition.handle(call, behind(tools, gate)),
    tools: pipelineTools(base, catalog),
  };
  return (request) => serve(pipeline, request);
}

export function pipelineTools(base: BaseTools, catalog: CatalogReader): PipelineTools {
  const { configuration, store, log, nowMs, random } = base;
  const authenticator = new Authenticator({
    store,
    nowMs,
    jwt: configuration.jwt,
    failedSignInsPerMinute: configuration.failedSignInsPerMinute,
  });
  const limiter = new RateLimiter({ store, nowMs, log });
  return {
    nowMs,
    random,
    log,
    forwardedHops: configuration.forwardedHops,
    signIn: (credential, address) => {
      // Beside the look-up of the credential; `tier` waits for it.
      catalog.rememberTiers().catch(() => undefined);
      return authenticator.signIn(credential, address);
    },
    tier: (name) => catalog.tier(name),
    takeToken: (caller, tier, operation, notes) => limiter.spend(caller, tier, operation, notes),
    refusal: (token) => limiter.refusal(token),
    write: (notes) => limiter.writeDeferred(notes),
  };
}
