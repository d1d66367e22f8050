import { setTimeout as sleep } from 'node:timers/promises';
import { type handleUnaryCall, status } from '@grpc/grpc-js';
import type { Log } from '../emulator.ts';
import type { Fault, Faults } from '../faults.ts';
import { StatusError } from './status-error.ts';

export interface UnaryOptions {
  readonly faults: Faults;
  readonly log: Log;
}

/** What a handler gets besides its request. */
export interface CallContext {
  /** Aborted when the caller has ended the call. */
  readonly cancelled: AbortSignal;
}

export type Unary = <Request, Response extends object>(
  method: string,
  handle: (request: Request, context: CallContext) => Response | Promise<Response>,
) => handleUnaryCall<Request, Response>;

/** Returns gRPC handlers for functions that return or throw, with the faults that are injected into their method. */
export function unaryHandlers({ faults, log }: UnaryOptions): Unary {
  return (method, handle) => (call, callback) => {
    const cancelled = new AbortController();
    call.on('cancelled', () => cancelled.abort());
    const answer = async (): Promise<Awaited<ReturnType<typeof handle>>> => {
      const fault = faults.take('pubsub', method);
      if (fault?.kind === 'error') throw injectedError(fault);
      const response = await handle(call.request, { cancelled: cancelled.signal });
      if (fault?.kind === 'delay') await sleep(fault.delayMs ?? 0);
      if (fault?.kind === 'lostAnswer') throw new StatusError(status.UNAVAILABLE, 'The answer was lost on purpose.');
      return response;
    };
    answer().then(
      (response) => callback(null, response),
      (thrown: unknown) => callback(toStatusError(thrown, method, log)),
    );
  };
}

export function injectedError(fault: Fault): StatusError {
  return new StatusError(fault.status ?? status.UNAVAILABLE, 'This call was made to fail on purpose.');
}

export function toStatusError(thrown: unknown, method: string, log: Log): StatusError {
  if (thrown instanceof StatusError) return thrown;
  log({ message: 'call failed unexpectedly', method, cause: thrown });
  return new StatusError(status.INTERNAL, 'The emulator failed; its log says more.');
}
