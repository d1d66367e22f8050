/** An Idempotency-Key in its scope. */
export interface IdempotencyKey {
  /** Id of its record: customer, endpoint and the key's hash, because a key may hold what an id must not. */
  readonly id: string;
  /** What the key was used for: another body under the same key is a mistake of the caller. */
  readonly bodyHash: string;
}
