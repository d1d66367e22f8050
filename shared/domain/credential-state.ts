/** Returns whether a key is valid at present. */
export function apiKeyState(
  key: { readonly expiresAtMs: number | null; readonly revokedAtMs: number | null },
  nowMs: number,
): 'valid' | 'revoked' | 'expired' {
  if (key.revokedAtMs !== null) return 'revoked';
  return key.expiresAtMs !== null && key.expiresAtMs <= nowMs ? 'expired' : 'valid';
}
