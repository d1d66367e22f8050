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
 * What the files in functions/ register themselves with in the simulation, instead of with functions-framework: the same
 * three words, which keep a definition to be opened in as many processes as there are. See load-functions.ts.
 */

/** One instance of a function: what it does with one request. A push has only a body; a scheduled run has not even that. */
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

/** Opens an instance of a function that was loaded. */
export function openFunction(name: string, base: BaseTools): OpenFunction {
  const open = registered.get(name);
  if (open === undefined) throw new Error(`The function ${name} is not loaded.`);
  return open(base);
}
