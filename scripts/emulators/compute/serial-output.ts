import type { JsonObject } from './json-object.ts';
import type { Machine } from './instance-resource.ts';
import type { Journal, SerialText } from './journal.ts';
import { instanceName, resourceUrl } from './resource-names.ts';

/** Size of the buffer; older output is dropped (Instances.getSerialPortOutput in compute.proto). */
const BUFFER_MAX = 1024 * 1024;

/** Appends lines to the output of a VM's first serial port. */
export function writeSerial(journal: Journal, machine: Machine, lines: readonly string[]): void {
  const { start, text } = readSerial(journal, machine);
  const whole = text + lines.map((line) => `${line}\r\n`).join('');
  const dropped = Math.max(0, whole.length - BUFFER_MAX);
  journal.putDocument('serial', machine.id, { start: start + dropped, text: whole.slice(dropped) });
}

function readSerial(journal: Journal, { id }: Machine): SerialText {
  return journal.document('serial', id) ?? { start: 0, text: '' };
}

/**
 * Returns the lines that firmware and kernel write when a VM starts, and those that the system writes once it is up.
 */
export function bootLines(machine: Machine, running: boolean): readonly string[] {
  const { name } = machine;
  if (!running) return ['UEFI: Attempting to start image.', 'Booting the kernel.', `[    0.000000] Machine: ${name}`];
  return ['[   12.345678] systemd[1]: Reached target Multi-User System.', '', `${name} login: `];
}

/** Returns the output of `instances.getSerialPortOutput` for a port from 1 to 4; only the first port has output. */
export function serialPortOutput(journal: Journal, machine: Machine, port: number, from: number): JsonObject {
  const output = port === 1 ? readSerial(journal, machine) : { start: 0, text: '' };
  const end = output.start + output.text.length;
  const start = Math.min(Math.max(from, output.start), end);
  const self = `${instanceName(machine.project, machine.zone, machine.name)}/serialPort`;
  return {
    kind: 'compute#serialPortOutput',
    selfLink: resourceUrl(self),
    contents: output.text.slice(start - output.start),
    start: String(start),
    next: String(end),
  };
}
