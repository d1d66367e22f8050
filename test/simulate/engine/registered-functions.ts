import type { WireReply } from '#shared/contracts/reply.ts';
import type { WireRequest } from '#shared/http/request.ts';
import type { BaseTools } from '#shared/runtime/base-tools.ts';
import { openHttpFunction, type HttpFunction } from '#shared/runtime/http-function.ts';
import {
  openPushFunction,
  openScheduledFunction,
  type PushFunction,
  type ScheduledFunction,
} from '#shared/runtime/worker-function.ts';

/*
 * The simulation's replacement for the registration of functions/ with functions-framework. It exports the same three
 * functions, but keeps each definition so that it can be opened in several simulated processes. See load-functions.ts.
 */

/**
 * Handles one request in one process of a function. A push uses only the body; a scheduled run uses no part of the
 * request.
 */
export type OpenFunction = (request: WireRequest) => Promise<WireReply>;

const registered = new Map<string, (base: BaseTools) => OpenFunction>();

export function httpFunction<Params, Query, Body, More = unknown>(
  definition: HttpFunction<Params, Query, Body, More>,
): void {
  registered.set(definition.endpoint.name, (base) => openHttpFunction(definition, base));
}

export function pushFunction<More>(definition: PushFunction<More>): void {
  registered.set(definition.name, (base) => {
    const answer = openPushFunction(definition, base);
    return ({ readBody }) => answer(readBody);
  });
}

export function scheduledFunction<More>(definition: ScheduledFunction<More>): void {
  registered.set(definition.name, (base) => openScheduledFunction(definition, base));
}

/** Opens a loaded function for one simulated process. */
export function openFunction(name: string, base: BaseTools): OpenFunction {
  const open = registered.get(name);
  if (open === undefined) throw new Error(`The function ${name} is not loaded.`);
  return open(base);
}
