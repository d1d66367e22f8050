import type { Finished, RunOptions } from './programs.ts';

/** What was asked for. */
export interface Target {
  readonly project: string;
  readonly region: string;
  readonly environment: string;
  readonly stateBucket: string;
  /** The bucket was named, and not made up from the project's id: it may belong to another project. */
  readonly stateBucketNamed: boolean;
  /** `undefined`: the deployed one, else the usual one. */
  readonly databaseId: string | undefined;
  /** The database may be missing although machines of the deployment exist: their records are given up. */
  readonly emptyDatabase: boolean;
  /** More values for Terraform's variables, from the root of the repository or absolute. */
  readonly varFiles: readonly string[];
}

/** What a deployment needs of the world. */
export interface World {
  /** Root of the repository. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Runs another program to its end. Throws MissingProgram where there is none of that name. */
  readonly run: (program: string, args: readonly string[], options: RunOptions) => Promise<Finished>;
  /** The Node.js that runs the project's own scripts. */
  readonly node: string;
  /** Progress, for people. */
  readonly note: (line: string) => void;
  /** The answer to a question; `undefined` when nobody is there to answer. */
  readonly ask: (question: string) => Promise<string | undefined>;
  readonly fetch: (url: string, headers: Readonly<Record<string, string>>) => Promise<Response>;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly nowMs: () => number;
}

export interface DeployContext {
  readonly target: Target;
  readonly world: World;
}

/** Variables that send Google's clients to an emulator: a deployment is about the real thing. */
const EMULATOR = '_EMULATOR_HOST';

function environmentOf({ world, target }: DeployContext): Record<string, string | undefined> {
  const inherited = Object.entries(world.environment).filter(([name]) => !name.endsWith(EMULATOR));
  return {
    ...Object.fromEntries(inherited),
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    GOOGLE_CLOUD_PROJECT: target.project,
    // Credentials of a person belong to no project, and Google's clients must name one whose quota is used.
    GOOGLE_CLOUD_QUOTA_PROJECT: target.project,
  };
}

/** gcloud, with its answer kept. */
export function gcloud(context: DeployContext, args: readonly string[]): Promise<Finished> {
  return context.world.run('gcloud', args, { cwd: context.world.root, environment: environmentOf(context) });
}

/** Terraform in `infra/`; its working data is apart for each project and environment, so that none is taken for another. */
export function terraform(context: DeployContext, args: readonly string[], shown = false): Promise<Finished> {
  const { root } = context.world;
  const { project, environment } = context.target;
  return context.world.run('terraform', ['-chdir=infra', ...args], {
    cwd: root,
    shown,
    environment: {
      ...environmentOf(context),
      TF_DATA_DIR: `${root}/.build/terraform/${project}-${environment}`,
      TF_IN_AUTOMATION: '1',
      TF_INPUT: '0',
    },
  });
}

export interface ScriptOptions {
  readonly input?: string;
  readonly shown?: boolean;
}

/** One of the project's own scripts. */
export function script(
  context: DeployContext,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<Finished> {
  const { root, node } = context.world;
  return context.world.run(node, args, { cwd: root, environment: environmentOf(context), ...options });
}
