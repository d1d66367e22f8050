/** Says that an answer is the record alone: Compute Engine did not say how the VM is now. */
export function staleHeader({ stale }: { readonly stale: boolean }): Readonly<Record<string, string>> {
  return stale ? { 'x-stale': 'true' } : {};
}
