import { Failure } from '#shared/domain/failure.ts';

/** What can be missing, and what its ids look like. */
const KINDS = {
  instance: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  operation: /^op-[0-9A-Za-z_-]{1,100}$/,
  ssh_key: /^key-[0-9a-z]{1,59}$/,
} as const;

/**
 * This family's 404 names what was asked for, in the same words whether it does not exist, is not the caller's, or cannot
 * exist at all; an id that cannot exist is not looked up.
 */
export async function nameTheMissing<T>(kind: keyof typeof KINDS, id: string, find: () => Promise<T>): Promise<T> {
  const missing = () =>
    new Failure('not_found', `${kind.replace('_', ' ')} not found: ${id}`, { reason: `${kind}_not_found` });
  if (!KINDS[kind].test(id)) throw missing();
  try {
    return await find();
  } catch (thrown) {
    throw thrown instanceof Failure && thrown.kind === 'not_found' ? missing() : thrown;
  }
}
