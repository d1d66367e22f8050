import { once } from 'node:events';
import { InvalidArgumentError } from 'commander';
import { CommandLine, type Surroundings } from '#scripts/console/command-line.ts';
import { targetText } from '#scripts/console/datastore-target.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { withDesk } from '../desk-tools.ts';
import { ProjectConsole } from './project-console.ts';

/** Resolves when the operator has seen enough: Ctrl-C, or an end of the terminal. */
async function asked(): Promise<void> {
  await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)));
}

/** The console's page over a project. `ended` says when to stop serving it. */
export function consoleLine(surroundings?: Surroundings, ended: () => Promise<void> = asked): CommandLine {
  const line = new CommandLine(
    'console',
    'Shows the machines of a project in a browser: records beside VMs, operations, history. Changes nothing, and is reached ' +
      'from this machine alone. The local cloud has a console of its own; `npm start` prints its address.',
    surroundings,
  );
  line.only(
    {
      examples: ['--project my-project', '--project my-project --env staging --port 8090'],
      configure: (command) => command.option('--port <number>', 'port on 127.0.0.1; 0 is any free one', parsedPort, 0),
    },
    async (session, _, { port }: { readonly port: number }) =>
      withDesk(session, async ({ store, compute, nowMs }) => {
        const { target } = session.place;
        const title = `Project ${target.project}`;
        const page = new ProjectConsole({ store, compute, nowMs, title, port });
        await page.start();
        try {
          const url = `http://${page.address}/console`;
          session.print(`${url}\n`, { url });
          session.note(`${title}: ${targetText(target)}. It reads, and changes nothing. Ctrl-C ends it.`);
          await ended();
        } finally {
          await page.stop();
        }
        return EXIT.ok;
      }),
  );
  return line;
}

function parsedPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return port;
}
