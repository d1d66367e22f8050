import { type Command, Option } from 'commander';
import { paged, pageOf, type PageOptions, printPage, timeText } from '#scripts/accounts/command-context.ts';
import { auditorOf } from '#scripts/console/command-auditor.ts';
import { clockOf } from '#scripts/console/command-clock.ts';
import { type CommandLine, parsedDuration, type Session } from '#scripts/console/command-line.ts';
import { targetText } from '#scripts/console/datastore-target.ts';
import { EXIT, type ExitCode } from '#scripts/console/exit-codes.ts';
import { explain } from '#scripts/console/explain.ts';
import { details, table } from '#scripts/console/table.ts';
import { actByHand, HAND_VERBS, type HandVerb } from '#shared/actions/act-by-hand.ts';
import { type InstanceScan, scanInstances } from '#shared/actions/scan-instances.ts';
import { type InstanceSheet, showInstance } from '#shared/actions/show-instance.ts';
import { syncByHand } from '#shared/actions/sync-by-hand.ts';
import { Failure } from '#shared/domain/failure.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { STATUS_GROUPS } from '#shared/domain/status.ts';
import { withDesk } from './desk-tools.ts';
import { ageText } from './age-text.ts';

interface ListOptions extends PageOptions {
  readonly customer?: string;
  readonly user?: string;
  readonly status?: string;
  readonly zone?: string;
  readonly template?: string;
  readonly machineType?: string;
  readonly label?: string;
  readonly name?: string;
  readonly address?: string;
  readonly reason?: string;
  readonly olderThan?: number;
}

/** Adds `instances list|show|sync|stop|start|delete`. */
export function addInstanceCommands(line: CommandLine): void {
  const instances = line.group('instances', 'machines of all customers: records beside what the cloud has');

  line.leaf(
    instances,
    {
      usage: 'list',
      summary: 'list instances, newest first, with what they cost',
      examples: [
        'instances list --local',
        'instances list --customer acme --status running --project my-project',
        'instances list --address 203.0.113.42 --json --project my-project',
        'instances list --reason zone_exhausted --older-than 1h --project my-project',
      ],
      configure: (command) =>
        paged(command)
          .option('--customer <id>', 'only those of this customer')
          .option('--user <id>', 'only those of this user')
          .addOption(new Option('--status <status>', 'only those in this state').choices(STATUS_GROUPS))
          .option('--zone <zone>', 'only those in this zone')
          .option('--template <id>', 'only those made from this template')
          .option('--machine-type <type>', 'only those of this machine type')
          .option('--label <key=value>', 'only those with this label')
          .option('--name <beginning>', 'only those whose name or id begins so')
          .option('--address <ip>', 'only those with this address, external or internal')
          .option('--reason <reason>', 'only those whose state has this reason')
          .option('--older-than <duration>', 'only those that exist for longer: 30d, 12h', parsedDuration),
    },
    async (session, _, options: ListOptions) => {
      const nowMs = clockOf(session)();
      const page = await scanInstances(scanOf(options, nowMs), pageOf(options), session);
      return printPage<Instance>(session, { items: page.instances, cursor: page.cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'STATUS', cell: ({ status }) => status },
        { heading: 'CUSTOMER', cell: ({ customerId }) => customerId },
        { heading: 'ZONE', cell: ({ zone }) => zone },
        { heading: 'TYPE', cell: ({ machine }) => machine.machineType },
        { heading: 'ADDRESS', cell: ({ externalIp, internalIp }) => externalIp || internalIp },
        { heading: 'AGE', cell: ({ createdAtMs }) => ageText(nowMs - createdAtMs) },
        {
          heading: '¢/H',
          cell: ({ metering }) => (metering.charge === null ? '' : String(metering.charge.priceCents)),
        },
        { heading: 'REASON', cell: ({ statusReason }) => statusReason?.reason ?? '' },
      ]);
    },
  );

  line.leaf(
    instances,
    {
      usage: 'show',
      summary: 'show the record beside the VM, the last operations and events, and the quota of the customer',
      examples: ['instances show tw-550e84-a1b2c3d4 --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      const sheet = await withDesk(session, (tools) => showInstance(plainId(id), tools));
      session.print(sheetText(sheet), sheet);
      return EXIT.ok;
    },
  );

  line.leaf(
    instances,
    {
      usage: 'sync',
      summary: 'look at the VMs now, and put on record what they show',
      changes: true,
      examples: ['instances sync tw-550e84-a1b2c3d4 --local'],
      configure: (command) => command.argument('<id...>'),
    },
    async (session, ids) =>
      withDesk(session, async (tools) => {
        const { done, refused } = await forEach(session, ids, async (id) => {
          const { before, after } = await syncByHand(id, auditorOf(session), tools);
          return { id, before: before.status, after: after.status };
        });
        const text = done.map(({ id, before, after }) =>
          before === after ? `${id} is ${after}, as recorded.\n` : `${id} was recorded as ${before} and is ${after}.\n`,
        );
        session.print(text.join(''), { items: done, refused });
        return refused.length === 0 ? EXIT.ok : EXIT.error;
      }),
  );

  for (const verb of HAND_VERBS) addVerb(line, instances, verb);
}

const VERB_TEXT: Readonly<Record<HandVerb, string>> = {
  start: 'boot stopped instances',
  stop: 'shut instances down and stop them; their disks are kept',
  delete: 'delete instances with their disks, for good',
};

/** Adds a command that prints what it would do, and does it only with --yes. */
function addVerb(line: CommandLine, instances: Command, verb: HandVerb): void {
  line.leaf(
    instances,
    {
      usage: verb,
      summary: `${VERB_TEXT[verb]}, as an administrator; shows what it would do unless --yes is given`,
      changes: true,
      examples: [`instances ${verb} tw-550e84-a1b2c3d4 --local`, `instances ${verb} tw-550e84-a1b2c3d4 --yes --local`],
      configure: (command) => command.argument('<id...>').option('--yes', 'do it'),
    },
    async (session, ids, { yes = false }: { yes?: boolean }) => {
      if (!yes) return preview(session, verb, ids);
      return withDesk(session, async (tools) => {
        const { done, refused } = await forEach(session, ids, async (id) => ({
          id,
          operationId: await actByHand({ verb, instanceId: id }, auditorOf(session), tools),
        }));
        session.print(done.map(({ id, operationId }) => `${id}: ${verb} accepted as ${operationId}.\n`).join(''), {
          items: done,
          refused,
        });
        return refused.length === 0 ? EXIT.ok : EXIT.error;
      });
    },
  );
}

interface Refused {
  readonly id: string;
  readonly reason: string;
  readonly message: string;
}

/** A refused instance does not prevent the others; the outcome of each is printed. Each id is taken once. */
async function forEach<T>(
  session: Session,
  ids: readonly string[],
  work: (id: string) => Promise<T>,
): Promise<{ readonly done: readonly T[]; readonly refused: readonly Refused[] }> {
  const done: T[] = [];
  const refused: Refused[] = [];
  const wanted = [...new Set(ids.map(plainId))];
  for (const [index, id] of wanted.entries()) {
    try {
      done.push(await work(id));
    } catch (thrown) {
      const { reason, message } = explain(
        thrown,
        targetText(session.place.target),
        session.place.options.local === true,
      );
      refused.push({ id, reason, message });
      session.note(`${id}: ${message}`);
    }
    if (wanted.length > 1) session.note(`${index + 1} of ${wanted.length}`);
  }
  return { done, refused };
}

/** The fleet family shows the same instance as `inst_…`. */
function plainId(id: string): string {
  return idOf('instance', id) ?? id;
}

async function preview(session: Session, verb: HandVerb, ids: readonly string[]): Promise<ExitCode> {
  const { done, refused } = await withDesk(session, (tools) =>
    forEach(session, ids, async (id) => {
      const { record, machine } = await showInstance(id, tools);
      return {
        id,
        customer: record.customerId,
        record: record.status,
        machine: machine === null ? 'none' : machine.status,
      };
    }),
  );
  const text = table(
    [
      { heading: 'ID', cell: ({ id }) => id },
      { heading: 'CUSTOMER', cell: ({ customer }) => customer },
      { heading: 'RECORD', cell: ({ record }) => record },
      { heading: 'VM', cell: ({ machine }) => machine },
    ],
    done,
  );
  const would = done.length === 0 ? '' : `Would ${verb}:\n${text}`;
  session.print(`${would}Nothing was done: add --yes to do it.\n`, { verb, items: done, refused, done: false });
  return refused.length === 0 ? EXIT.ok : EXIT.error;
}

function scanOf(options: ListOptions, nowMs: number): InstanceScan {
  if (options.label !== undefined && !/^[^=]+=/.test(options.label)) {
    throw new Failure('invalid_request', 'A label is key=value.');
  }
  const named = {
    customerId: options.customer,
    userId: options.user && (idOf('user', options.user) ?? options.user),
    statusGroup: options.status,
    zone: options.zone,
    templateId: options.template,
    machineType: options.machineType,
    label: options.label,
    name: options.name,
    address: options.address,
    reason: options.reason,
  };
  return {
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
    ...(options.olderThan === undefined ? {} : { createdUntilMs: nowMs - options.olderThan }),
  };
}

function sheetText({ record, machine, operations, events, quota, suspended }: InstanceSheet): string {
  const beside = (of: string, vm: string | undefined) =>
    `${of || 'none'}  |  VM: ${vm === undefined ? 'none' : vm || 'none'}`;
  const about = details([
    ['id', record.id],
    ['name', record.displayName],
    ['customer', `${record.customerId}${suspended === null ? '' : `, suspended: ${suspended}`}`],
    ['user', record.userId],
    ['quota', `${quota.used} of ${quota.limit ?? 'no tier'}`],
    ['zone', record.zone],
    ['status', beside(record.status, machine?.status)],
    ['type', beside(record.machine.machineType, machine?.machineType)],
    ['external', beside(record.externalIp, machine?.externalIp)],
    ['internal', beside(record.internalIp, machine?.internalIp)],
    ['looked at', timeText(record.statusSyncedAtMs)],
    ['reason', record.statusReason === null ? '' : `${record.statusReason.reason}: ${record.statusReason.message}`],
    ['created', timeText(record.createdAtMs)],
    ['cents/hour', record.metering.charge === null ? 'not charged' : String(record.metering.charge.priceCents)],
  ]);
  const asked = table(
    [
      { heading: 'OPERATION', cell: ({ id }) => id },
      { heading: 'KIND', cell: ({ kind }) => kind },
      { heading: 'STATE', cell: ({ state }) => state },
      { heading: 'ATTEMPTS', cell: ({ attempts }) => String(attempts) },
      { heading: 'REASON', cell: ({ error }) => error?.reason ?? '' },
    ],
    operations,
  );
  const history = table(
    [
      { heading: 'AT', cell: ({ atMs }) => timeText(atMs) },
      { heading: 'STATUS', cell: ({ status }) => status },
      { heading: 'CAUSE', cell: ({ cause }) => cause },
      { heading: 'ACTOR', cell: ({ actor }) => actor.id },
      { heading: 'REASON', cell: ({ reason }) => reason ?? '' },
    ],
    events,
  );
  return `${about}\n${operations.length === 0 ? 'Nothing is queued.\n' : asked}\n${history}`;
}
