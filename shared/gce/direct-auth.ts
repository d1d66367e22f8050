import { GoogleAuth, PassThroughClient } from 'google-auth-library';
import { directFetch, type DirectRequest } from './direct-fetch.ts';

/*
 * Google's REST clients send every call through the `fetch` of their credentials. These credentials send it directly
 * with Node.js (see `direct-fetch.ts`). Google's library still fetches, caches and renews the access tokens.
 */

/** Credentials of the function's own service account. */
export class DirectAuth extends GoogleAuth {
  override fetch = (async (input: string, init: DirectRequest) => {
    // Both list their names in lower case. Node.js's own Headers class would load the whole of undici, 18 ms of a cold start.
    const headers = new Map([...(init.headers ?? []), ...(await this.getRequestHeaders(input))]);
    return directFetch(new URL(input), { ...init, headers });
    // Google's clients use only the members of the response that `DirectResponse` has.
  }) as unknown as GoogleAuth['fetch'];
}

/** No credentials, for an emulator. */
export class DirectPassThrough extends PassThroughClient {
  override fetch = ((input: string, init: DirectRequest) =>
    directFetch(new URL(input), init)) as unknown as PassThroughClient['fetch'];
}
