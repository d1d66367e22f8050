/** An Idempotency-Key, scoped to customer and endpoint. */
export interface IdempotencyKey {
  /**
   * Id of the key's record: customer, endpoint and hash of the key. It is hashed because keys can contain characters
   * that ids must not.
   */
  readonly id: string;
  /** Hash of path and body. Another hash under the same key is an error of the caller. */
  readonly bodyHash: string;
}
