import { Failure } from '#shared/domain/failure.ts';

/** The kinds of objects that can be missing, with the format of their ids. */
const KINDS = {
  instance: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  operation: /^op-[0-9A-Za-z_-]{1,100}$/,
  ssh_key: /^key-[0-9a-z]{1,59}$/,
} as const;

/**
 * Runs `find`, and replaces a 404 by this family's text, which names the id. The text is the same for an object that
 * does not exist, for one that is not the caller's, and for an invalid id, which is not looked up.
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
