import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateFolder } from '#scripts/console/command-clock.ts';
import type { Session } from '#scripts/console/command-line.ts';
import { FORGED_ADDRESS, type InjectedFaults, type LogLine, NO_INJECTED_FAULTS } from './finding.ts';

/** Returns the local cloud's addresses from its connection file; they change with each start. */
function connectionOf(place: Session['place']): { readonly baseUrl: string; readonly control: string } {
  const text = readFileSync(path.join(stateFolder(place), 'connection.json'), 'utf8');
  return JSON.parse(text) as { readonly baseUrl: string; readonly control: string };
}

interface FaultInForce {
  readonly service: string;
  readonly method: string;
  readonly kind: string;
  readonly left: number;
}

/** Returns the faults that are injected into the local cloud; none for a project. */
export async function localFaults({ place }: Session): Promise<InjectedFaults> {
  if (place.options.local !== true) return NO_INJECTED_FAULTS;
  const { control } = connectionOf(place);
  const response = await fetch(`${control}/faults`);
  const faults = (await response.json()) as readonly FaultInForce[];
  return {
    faults: faults.map(({ service, method, kind, left }) => `${method} of ${service}: ${kind}, ${left} times`),
    repair: `curl -X DELETE ${control}/faults`,
  };
}

const PROBE_LOOKS = 20;
const PROBE_PAUSE_MS = 100;

/** Sends the local cloud a request without a credential, and returns the caller's address from the function's log. */
export async function probeLocal(session: Session): Promise<string | undefined> {
  const { place } = session;
  if (place.options.local !== true) return undefined;
  const { baseUrl } = connectionOf(place);
  const requestId = `probe-${session.by.requestId}`;
  await fetch(`${baseUrl}/api/compute/v1/templates`, {
    headers: { 'x-request-id': requestId, 'x-forwarded-for': FORGED_ADDRESS },
  });
  for (let look = 0; look < PROBE_LOOKS; look += 1) {
    const line = localLogLines(session).find((each) => each.requestId === requestId);
    if (line?.address !== undefined) return line.address;
    await sleep(PROBE_PAUSE_MS);
  }
  return undefined;
}

/** Returns the lines of the local cloud's logs; none for a project, whose logs are in Cloud Logging. */
export function localLogLines({ place }: Session): readonly LogLine[] {
  if (place.options.local !== true) return [];
  const folder = path.join(stateFolder(place), 'logs');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log') || name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').split('\n'))
    .flatMap((text) => {
      try {
        return [JSON.parse(text) as LogLine];
      } catch {
        // Not every line is a function's JSON entry.
        return [];
      }
    });
}
