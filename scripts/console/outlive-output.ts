/**
 * Lets this process continue after the reader of its output has ended, as in `npm run platform -- audit list | head -1`:
 * a change that is under way is completed. Later output is lost. Without this, a write to the closed pipe would end the
 * process with EPIPE.
 */
export function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
