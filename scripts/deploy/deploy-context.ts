import type { Finished, RunOptions } from './programs.ts';

/** The options of a deployment. */
export interface Target {
  readonly project: string;
  readonly region: string;
  readonly environment: string;
  readonly stateBucket: string;
  /**
   * Whether the operator named the bucket, which may then belong to another project; otherwise its name is derived from
   * the project's id.
   */
  readonly stateBucketNamed: boolean;
  /** `undefined`: the deployed database, otherwise the environment's usual one. */
  readonly databaseId: string | undefined;
  /** Whether to accept an empty database although VMs of the deployment exist, which then have no records. */
  readonly emptyDatabase: boolean;
  /** Further variables files for Terraform, absolute or relative to the repository's root. */
  readonly varFiles: readonly string[];
}

/** The deployment's access to its surroundings, replaced in tests. */
export interface World {
  /** Root of the repository. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Runs another program to its end. Throws MissingProgram if there is no program of that name. */
  readonly run: (program: string, args: readonly string[], options: RunOptions) => Promise<Finished>;
  /** Path of the Node.js that runs the project's own scripts. */
  readonly node: string;
  /** Prints progress for people. */
  readonly note: (line: string) => void;
  /** Asks the operator a question; `undefined` if there is no terminal to ask on. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** GET, or POST where there is a body. */
  readonly fetch: (url: string, headers: Readonly<Record<string, string>>, body?: string) => Promise<Response>;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly nowMs: () => number;
}

export interface DeployContext {
  readonly target: Target;
  readonly world: World;
}

/** Ending of the variables that direct Google's clients to an emulator; a deployment must reach the real services. */
const EMULATOR = '_EMULATOR_HOST';

function environmentOf({ world, target }: DeployContext): Record<string, string | undefined> {
  const inherited = Object.entries(world.environment).filter(([name]) => !name.endsWith(EMULATOR));
  return {
    ...Object.fromEntries(inherited),
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    GOOGLE_CLOUD_PROJECT: target.project,
    // Credentials of a person belong to no project, so clients must name the project whose quota their calls use.
    GOOGLE_CLOUD_QUOTA_PROJECT: target.project,
  };
}

/** Runs gcloud and captures its output. */
export function gcloud(context: DeployContext, args: readonly string[]): Promise<Finished> {
  return context.world.run('gcloud', args, { cwd: context.world.root, environment: environmentOf(context) });
}

/**
 * Runs Terraform in `infra/`. Each project and environment has its own working data, so that none is mistaken for
 * another.
 */
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

/** Runs one of the project's own scripts. */
export function script(
  context: DeployContext,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<Finished> {
  const { root, node } = context.world;
  return context.world.run(node, args, { cwd: root, environment: environmentOf(context), ...options });
}
