/**
 * Returns the header that marks a response as stale: Compute Engine did not answer, so it contains only the stored
 * record.
 */
export function staleHeader({ stale }: { readonly stale: boolean }): Readonly<Record<string, string>> {
  return stale ? { 'x-stale': 'true' } : {};
}
