/**
 * Lets this process go on after the reader of its output has gone, as in `npm start | head`. What is printed from then on
 * is lost; without this the second line after that would end the process with EPIPE.
 */
export function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
