import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateFolder } from '#scripts/console/command-clock.ts';
import type { Session } from '#scripts/console/command-line.ts';
import { type InjectedFaults, type LogLine, NO_INJECTED_FAULTS, type Probed } from './finding.ts';
import { probeHops } from './hops-probe.ts';

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

/** The local cloud's log files are written at once. */
const PATIENCE = { looks: 20, pauseMs: 100 };

/** Probes the local cloud's gateway. */
export async function probeLocal(session: Session): Promise<Probed> {
  return probeHops({
    address: connectionOf(session.place).baseUrl,
    requestId: `probe-${session.by.requestId}`,
    linesOf: async (ids) => localLogLines(session).filter(({ requestId = '' }) => ids.includes(requestId)),
    patience: PATIENCE,
    sleep,
  });
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
