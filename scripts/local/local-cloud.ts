import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { banner } from './banner.ts';
import { ClockFile } from './state/clock-file.ts';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { CloudServices } from './services/cloud-services.ts';
import { ConsoleRows } from './console/console-rows.ts';
import { LocalConsole } from './console/local-console.ts';
import { Snapshots } from './console/snapshots.ts';
import { type Connection, readConnection, writeConnection } from './state/connection.ts';
import { ControlServer } from './control.ts';
import { deployLocally, type RunningCloud } from './deploy-locally.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import type { FunctionAddress } from './gateway/forward.ts';
import { FrontEnd } from './gateway/function-urls.ts';
import { LOCAL_PROJECT, functionEnvironment } from './functions/function-environment.ts';
import { DevelopmentBundles } from './functions/development-bundles.ts';
import { FunctionLog } from './functions/function-log.ts';
import { FunctionsSupervisor } from './functions/functions-supervisor.ts';
import { Gateway } from './gateway/gateway.ts';
import { GatewayLog } from './gateway/gateway-log.ts';
import type { LocalOptions } from './options.ts';
import { portOf, reusablePort } from './state/ports.ts';
import { writePrivateJson } from './state/private-file.ts';
import { hasCredential } from './services/log-filters.ts';
import { createQueues } from './services/queues.ts';
import { RouteTable } from './gateway/route-table.ts';
import { Scheduler } from './services/scheduler.ts';
import { seed } from './state/seed.ts';
import { clearState, createStateFolder } from './state/state-folder.ts';
import { LOCK_HEADER, StateLock } from './state/state-lock.ts';

export interface LocalCloudOptions extends LocalOptions {
  /** Root of the repository, which contains `infra/` and `.build/`. */
  readonly repositoryFolder: string;
  /** The environment of `npm start`, of which functions get a few settings. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Prints a line to the terminal. */
  readonly print: (line: string) => void;
  /** Called with the name of a snapshot; the owner stops this cloud and starts it again on that state. */
  readonly onLoadSnapshot?: (name: string) => void;
}

/** Starts and stops gateway, functions and emulators together. */
export class LocalCloud {
  readonly #options: LocalCloudOptions;
  readonly #lock: StateLock;
  #clock = new ShiftableClock();
  #gateway: Gateway | undefined;
  #services: CloudServices | undefined;
  #frontEnd: FrontEnd | undefined;
  #supervisor: FunctionsSupervisor | undefined;
  #scheduler: Scheduler | undefined;
  #control: ControlServer | undefined;
  #console: LocalConsole | undefined;
  #connection: Connection | undefined;
  #log: FunctionLog | undefined;
  #gatewayLog: GatewayLog | undefined;
  #development: DevelopmentBundles | undefined;
  #running: RunningCloud | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: LocalCloudOptions) {
    createStateFolder(options.stateFolder);
    this.#options = options;
    this.#lock = new StateLock(options.stateFolder);
  }

  /**
   * Resolves with the greeting once everything is ready. If one part fails to start, all others are stopped and the
   * error is thrown: `StateInUse`, `GoogleEmulatorMissing`, or EADDRINUSE for the gateway's port.
   */
  async start(): Promise<string> {
    try {
      return await this.#start();
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  /** Port of the gateway; `undefined` before it listens. */
  get port(): number | undefined {
    return portOf(this.#gateway?.baseUrl);
  }

  /**
   * Stops all parts, callers before the services that they call. State is kept. Safe to call at any time, and twice.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#scheduler?.stop();
    await this.#development?.stop();
    await this.#gateway?.stop();
    await this.#control?.stop();
    await this.#supervisor?.stop();
    await this.#services?.stop();
    await this.#frontEnd?.stop();
    await this.#log?.close();
    await this.#gatewayLog?.close();
    this.#clock.stop();
    this.#lock.release();
  }

  async #start(): Promise<string> {
    const { stateFolder, repositoryFolder, print } = this.#options;
    const manifest = readJson(join(repositoryFolder, 'infra', 'generated', 'functions.json')) as FunctionManifest;
    await this.#claim(
      new RouteTable(readJson(join(repositoryFolder, 'infra', 'generated', 'openapi', 'gateway.json'))),
    );

    const clockFile = new ClockFile(stateFolder);
    const clock = new ShiftableClock(clockFile.readOffsetMs());
    this.#clock = clock;
    const faults = new Faults();
    const last = readConnection(stateFolder);
    const services = await CloudServices.start({
      local: this.#options,
      database: readJson(join(repositoryFolder, 'infra', 'generated', 'datastore.json')) as DatastoreLists,
      clock,
      faults,
      last: last?.emulators,
      onTrouble: print,
    });
    this.#services = services;
    const [principals, , control] = await Promise.all([
      seed({ stateFolder, datastore: services.addresses.datastore, clock }),
      this.#startFunctions(manifest, services),
      this.#startControl({ clockFile, faults, services, port: portOf(last?.control) }),
    ]);

    const connection = { baseUrl: this.#baseUrl, principals, emulators: services.addresses, control };
    this.#connection = connection;
    writeConnection(stateFolder, connection);
    this.#gateway?.open();
    this.#startSchedule(manifest);
    // Development bundles are built at their first request, so there is nothing to load ahead.
    if (this.#options.preload && this.#development === undefined) this.#supervisor?.preload();
    return banner({
      connection,
      functions: manifest.functions,
      stateFolder,
      logFile: this.#log?.file ?? '',
      routes: this.#options.routes,
    });
  }

  /** Takes the gateway's port, which is the part most likely in use, and then the state folder. */
  async #claim(routes: RouteTable): Promise<void> {
    await this.#lock.refuseIfHeld();
    const gateway = new Gateway({
      port: this.#options.port,
      routes,
      resolve: this.#resolve,
      nowMs: () => this.#clock.nowMs(),
      project: LOCAL_PROJECT,
      healthHeaders: { [LOCK_HEADER]: this.#lock.token },
      log: (entry) => this.#gatewayLog?.write(entry),
    });
    await gateway.start();
    this.#gateway = gateway;
    await this.#lock.acquire(portOf(gateway.baseUrl) ?? 0);
    if (this.#options.reset) clearState(this.#options.stateFolder);
    this.#gatewayLog = new GatewayLog(this.#options.stateFolder, hasCredential, this.#options.print);
  }

  /** Starts the function hosts, their front end, and the subscriptions that push to it. */
  async #startFunctions(manifest: FunctionManifest, services: CloudServices): Promise<void> {
    const { stateFolder, repositoryFolder, environment, print, functionProcesses } = this.#options;
    const names = manifest.functions.map(({ name }) => name);
    const log = new FunctionLog(stateFolder, print);
    this.#log = log;
    log.begin(this.#clock.nowMs());
    const development = await this.#buildForDevelopment();
    const supervisor = new FunctionsSupervisor({
      functions: names,
      bundlesFolder: development?.folder ?? join(repositoryFolder, '.build', 'functions'),
      nodeOptions: (index) => this.#nodeOptions(index),
      environment: functionEnvironment({ emulators: services.addresses, repositoryFolder, given: environment }),
      processes: functionProcesses,
      offsetMs: () => this.#clock.offsetMs,
      onLine: (line, stream) => {
        log.write(line, stream);
        this.#console?.take(line);
      },
      onProcesses: (functionHosts) =>
        writePrivateJson(join(stateFolder, 'processes.json'), { main: process.pid, functionHosts }),
      onTrouble: print,
    });
    this.#supervisor = supervisor;
    this.#running = { repositoryFolder, services, supervisor, log, nowMs: () => this.#clock.nowMs() };
    const frontEnd = new FrontEnd(names, this.#resolve);
    this.#frontEnd = frontEnd;
    await frontEnd.start();
    await Promise.all([
      supervisor.start(),
      createQueues({
        project: LOCAL_PROJECT,
        emulatorHost: services.addresses.pubsub,
        functions: manifest.functions,
        topics: manifest.topics.map(({ name }) => name),
        endpoint: (name) => frontEnd.url(name),
      }),
    ]);
    services.openLogSink();
  }

  /** Returns the address for the next request to a function, once its bundle exists. */
  readonly #resolve = async (name: string): Promise<FunctionAddress | undefined> => {
    await this.#development?.ensure(name);
    return this.#supervisor?.resolve(name);
  };

  /** Prepares bundles for development and debugging if that was requested. */
  async #buildForDevelopment(): Promise<DevelopmentBundles | undefined> {
    const { repositoryFolder, print, watch, inspectPort } = this.#options;
    if (!watch && inspectPort === undefined) return undefined;
    const development = new DevelopmentBundles({
      repositoryFolder,
      print,
      onBuilt: async (names) => this.#supervisor?.reload(names),
    });
    this.#development = development;
    await development.open();
    if (watch) development.watch();
    return development;
  }

  /** Returns the Node.js options of the host of this index; each host has a debugger port of its own. */
  #nodeOptions(index: number): readonly string[] {
    const { inspectPort } = this.#options;
    return [
      ...(this.#development === undefined ? [] : ['--enable-source-maps']),
      ...(inspectPort === undefined ? [] : [`--inspect=127.0.0.1:${inspectPort + index}`]),
    ];
  }

  /** Starts the control interface and resolves with its URL. */
  async #startControl(options: {
    readonly clockFile: ClockFile;
    readonly faults: Faults;
    readonly services: CloudServices;
    readonly port: number | undefined;
  }): Promise<string> {
    const clock = this.#clock;
    const { compute, embeddedDatastore } = options.services;
    this.#console = new LocalConsole({
      compute,
      rows: embeddedDatastore && new ConsoleRows(embeddedDatastore),
      faults: options.faults,
      clock,
      snapshots: new Snapshots(this.#options.stateFolder),
      connection: () => this.#connection,
      onLoad: (name) => this.#options.onLoadSnapshot?.(name),
    });
    const control = new ControlServer({
      port: await reusablePort(options.port),
      compute,
      faults: options.faults,
      clock,
      console: this.#console,
      onDeploy: (environment) => deployLocally(this.#running, environment),
      onClockMoved: async () => {
        options.clockFile.write(clock.offsetMs);
        await this.#supervisor?.moveClock();
      },
    });
    this.#control = control;
    await control.start();
    return `http://${control.address}`;
  }

  #startSchedule({ functions }: FunctionManifest): void {
    const frontEnd = this.#frontEnd;
    if (frontEnd === undefined) return;
    this.#scheduler = new Scheduler({
      jobs: functions.flatMap(({ name, trigger }) =>
        trigger?.type === 'schedule' ? [{ name, url: frontEnd.url(name), cron: trigger.cron }] : [],
      ),
      everySeconds: this.#options.sweepSeconds,
      clock: this.#clock,
      onTrouble: this.#options.print,
    });
    this.#scheduler.start();
  }

  get #baseUrl(): string {
    return this.#gateway?.baseUrl ?? '';
  }
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
