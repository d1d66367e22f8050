/** Something is missing or was refused. The message says what; the hint says what to do, as command lines to paste. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
  readonly hint: readonly string[];

  constructor(message: string, hint: readonly string[] = []) {
    super(message);
    this.hint = hint;
  }
}
