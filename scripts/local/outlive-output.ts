/**
 * Lets this process continue after the reader of its output has ended, as in `npm start | head`. Later output is lost;
 * without this the second line after that would end the process with EPIPE.
 */
export function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
