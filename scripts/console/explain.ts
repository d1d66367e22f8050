import { Failure } from '#shared/domain/failure.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** An error for people at a terminal: what happened, each invalid field on a line of its own, and what to do. */
export interface Explanation {
  readonly message: string;
  /** The invalid fields, for programs; `message` contains them too. */
  readonly fields?: readonly { readonly pointer: string; readonly message: string }[];
  readonly reason: string;
  readonly exitCode: ExitCode;
}

const PERMISSION_DENIED = 7;
const NOT_FOUND = 5;
const UNAUTHENTICATED = 16;

/** Explains a thrown value. `place` names the Datastore that was used; `isLocal`: that of the local cloud. */
export function explain(thrown: unknown, place: string, isLocal: boolean): Explanation {
  const failure = Failure.from(thrown);
  if (failure.reason === 'datastore_unavailable') {
    // A local cloud that was killed leaves the file with its addresses.
    const hint = isLocal ? ' Start the local cloud with `npm start`, if it does not run.' : '';
    return { message: `No answer from ${place}.${hint}`, reason: failure.reason, exitCode: EXIT.error };
  }
  if (failure.kind === 'internal') return explainCause(failure.cause ?? failure, place);
  const fields = failure.fields.map(
    ({ pointer, message }) => `  ${pointer === '' ? '(all of it)' : pointer} ${message}`,
  );
  return {
    message: [failure.message, ...fields].join('\n'),
    ...(fields.length === 0 ? {} : { fields: failure.fields.map(({ pointer, message }) => ({ pointer, message })) }),
    reason: failure.reason,
    exitCode: exitCodeOf(failure.reason),
  };
}

function exitCodeOf(reason: string): ExitCode {
  if (reason === 'in_use') return EXIT.refused;
  return reason === 'no_target' ? EXIT.usage : EXIT.error;
}

/** Shows the cause's text: nothing in it is secret to a holder of the project's credentials. */
function explainCause(cause: unknown, place: string): Explanation {
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (/default credentials|reauth|invalid_grant/i.test(text)) {
    return {
      message: `No credentials for ${place}: run \`gcloud auth application-default login\`. (${text})`,
      reason: 'no_credentials',
      exitCode: EXIT.error,
    };
  }
  if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) {
    return { message: `No access to ${place}: ${text}`, reason: 'no_access', exitCode: EXIT.error };
  }
  if (code === NOT_FOUND) {
    return { message: `There is no such database (${place}): ${text}`, reason: 'no_database', exitCode: EXIT.error };
  }
  return { message: `${place}: ${text}`, reason: 'internal', exitCode: EXIT.error };
}
