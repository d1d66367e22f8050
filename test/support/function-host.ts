import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Path of functions-framework's main file. */
export const FRAMEWORK = fileURLToPath(
  new URL('../../node_modules/@google-cloud/functions-framework/build/src/main.js', import.meta.url),
);
/** Path of the Node.js version that functions are deployed with. */
export const NODE = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));

/** Returns the processor time that all threads of a process have used so far, ms. Linux only; 0 elsewhere. */
export async function processorMs(pid: number): Promise<number> {
  const folder = `/proc/${pid}/task`;
  const threads = await readdir(folder).catch(() => []);
  const times = await Promise.all(threads.map((id) => readFile(`${folder}/${id}/schedstat`, 'utf8').catch(() => '0')));
  return times.reduce((sum, text) => sum + Number(text.split(' ')[0] ?? 0), 0) / 1e6;
}

/** Returns the most memory that a process has used so far, MiB, which Linux keeps for each process; 0 elsewhere. */
export async function peakRssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}
