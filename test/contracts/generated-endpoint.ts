import { fileURLToPath } from 'node:url';
import type { Endpoint } from '#shared/contracts/contract.ts';
import { writeOutputs } from '#scripts/generate/outputs.ts';

let written: Promise<unknown> | undefined;

/** Returns the endpoint that a function would import, after generating the files once. */
export async function generatedEndpoint(name: string): Promise<Endpoint<unknown, unknown, unknown>> {
  written ??= writeOutputs(fileURLToPath(new URL('../..', import.meta.url)));
  await written;
  const module = (await import(`../../.build/endpoints/${name}.ts`)) as {
    readonly endpoint: Endpoint<unknown, unknown, unknown>;
  };
  return module.endpoint;
}
