/** Description of the stale header of responses that read one instance. */
export const STALE_HEADER =
  '`true` when Compute Engine did not say how the VM is now: the answer is the record as it was last compared with the VM.';
