import domain from 'node:domain';

/**
 * Stands in for a domain, with the two methods that functions-framework uses: registers no listener and runs the
 * function.
 */
const standIn = {
  on: () => standIn,
  run: <T>(work: () => T): T => work(),
};

/**
 * Keeps functions-framework from running each request in a domain. The first domain in a process permanently enables
 * async hooks, including the destroy hook, and Node.js then tracks every promise, timer and socket; measured, that took
 * 40 % of a warm request.
 *
 * For an error outside of a handler's promise, a domain would send an HTML page to the request in whose domain the
 * error happened, and the process would continue in an unknown state. Our handlers never reject. Any other error
 * reaches the framework's last handler, which logs it and ends the process, as the platform expects.
 *
 * The framework has no setting for this. Every function of this project does it, and a process serves no other
 * functions.
 */
export function disableRequestDomains(): void {
  Object.assign(domain, { create: () => standIn });
}
