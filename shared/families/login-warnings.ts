import type { Instance } from '#shared/domain/instance.ts';
import { SSH_KEYS } from '#shared/domain/login.ts';

/** Returns warnings about a new instance to which no user can log in; nothing if a user can. */
export function loginWarnings(
  { machine }: Pick<Instance, 'machine'>,
  keysPath: string,
): { readonly warnings?: readonly string[] } {
  if (machine.metadata[SSH_KEYS] !== undefined) return {};
  const unless = machine.metadata['user-data'] === undefined ? '' : ' unless its user data sees to that';
  return {
    warnings: [
      `Nobody can log in to this instance${unless}: it carries no SSH key. Store one with POST ${keysPath}, and name its id when you create an instance.`,
    ],
  };
}
