import domain from 'node:domain';

/** As much of a domain as functions-framework uses for an HTTP function: it registers a listener and runs the function. */
const standIn = {
  on: () => standIn,
  run: <T>(work: () => T): T => work(),
};

/**
 * Keeps functions-framework from running each request in a domain. The first domain of a process switches on async hooks for
 * good, with the destroy hook, and from then on Node.js tracks every promise, timer and socket there is: measured, that was
 * 40 % of a warm request.
 *
 * A domain would answer what is thrown outside of a handler's promise with an HTML page for the request that happened to
 * start it, and go on in whatever state that left behind. Our handlers never reject; anything else that is thrown reaches
 * the framework's own last resort, which logs it and ends the process, as the platform expects.
 *
 * There is no setting for it. Every function of this project does so, and no process serves others.
 */
export function disableRequestDomains(): void {
  Object.assign(domain, { create: () => standIn });
}
