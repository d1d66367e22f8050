/* `npm run parity -- --project P`: sends the cases of the parity suite to a real project. */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { GoogleAuth } from 'google-auth-library';
import { parityCases } from './emulators/compute/parity/cases.ts';
import { difference } from './emulators/compute/parity/parity-case.ts';
import type { ParityAnswer, ParityCall, ParityCase } from './emulators/compute/parity/parity-case.ts';

const HELP = `Puts the questions of the parity suite to Compute Engine and says where its answers differ from the emulator's.

  npm run parity -- --project P [--zone us-central1-a] [--network N] [--subnetwork S] [--custom-network N] [--machine]

  --project P          the project that is asked, with Application Default Credentials that may create VMs in it
  --zone Z             where orders are placed (default us-central1-a, which has every series that is asked for)
  --network N          a network of the project (default global/networks/default)
  --subnetwork S       its subnetwork in the zone's region; needed unless the network is in auto mode
  --custom-network N   a network in custom mode; without it the cases about custom mode are left out
  --machine            also creates one e2-micro, and deletes it
  --list               prints the cases and asks nothing
  --help               this text

All orders but one must be refused, so nothing is created. An order that Compute Engine accepts against expectation is deleted
at once and counts as a difference. Exit status: 0 all as expected, 1 differences, 2 wrong usage.
`;

const COMPUTE = 'https://compute.googleapis.com/compute/v1/';

const OPTIONS = {
  project: { type: 'string' },
  zone: { type: 'string', default: 'us-central1-a' },
  network: { type: 'string', default: 'global/networks/default' },
  subnetwork: { type: 'string', default: '' },
  'custom-network': { type: 'string', default: '' },
  machine: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const values = readOptions(args);
  if (values === undefined) return 2;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const customNetwork = values['custom-network'];
  const cases = parityCases({ ...values, customNetwork }).filter(
    ({ needs }) => (needs !== 'customNetwork' || customNetwork !== '') && (needs !== 'machine' || values.machine),
  );
  if (values.list) {
    for (const { row, title, source } of cases) console.log(`${row.padEnd(4)} ${title} (${source})`);
    return 0;
  }
  if (values.project === undefined) {
    console.error('Say which project is asked: --project P. --help tells the rest.');
    return 2;
  }
  let differences = 0;
  const real = new RealProject(
    values.project,
    new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }),
  );
  for (const item of cases) {
    const wrong = await real.ask(item);
    if (wrong !== undefined) differences += 1;
    console.log(
      `${wrong === undefined ? 'same ' : 'OTHER'} ${item.row.padEnd(4)} ${item.title}${wrong === undefined ? '' : `: ${wrong}`}`,
    );
  }
  console.log(`${cases.length} cases, ${differences} differ.`);
  return differences === 0 ? 0 : 1;
}

function readOptions(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : String(thrown));
    console.error('--help tells what there is.');
    return undefined;
  }
}

/** Sends requests to a project of the real service. */
class RealProject {
  readonly #project: string;
  readonly #auth: GoogleAuth;

  constructor(project: string, auth: GoogleAuth) {
    this.#project = project;
    this.#auth = auth;
  }

  /**
   * Sends a case's request and deletes whatever it created. Resolves with the difference from the expected reply, if
   * there is one.
   */
  async ask(item: ParityCase): Promise<string | undefined> {
    const name = `parity-${randomUUID().slice(0, 8)}`;
    const { call } = item;
    const named = call.body === undefined ? call : { ...call, body: { ...call.body, name } };
    const answer = await this.#send(named);
    if (call.verb === 'POST' && answer.status === 200) await this.#remove(`${call.path}/${name}`);
    return difference(item, answer);
  }

  async #remove(path: string): Promise<void> {
    const { status } = await this.#send({ verb: 'POST', path }, 'DELETE');
    if (status !== 200) console.error(`${path} was created and could not be deleted (${status}): delete it by hand.`);
  }

  async #send({ verb, path, owner = this.#project, body }: ParityCall, method: string = verb): Promise<ParityAnswer> {
    const token = await this.#auth.getAccessToken();
    const response = await fetch(`${COMPUTE}projects/${owner}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token ?? ''}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  }
}
