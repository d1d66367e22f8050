const OFFSET = new Intl.DateTimeFormat('en-US', { timeZone: 'America/Los_Angeles', timeZoneName: 'longOffset' });

/**
 * A time as Compute Engine writes it: RFC 3339 with milliseconds in Mountain View's offset, not in UTC. Two such texts
 * cannot be compared as text, which is why the emulator keeps the habit.
 */
export function pacificTime(atMs: number): string {
  const name = OFFSET.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT-08:00';
  const offset = name.replace('GMT', '');
  const hours = Number(offset.slice(0, 3));
  return new Date(atMs + hours * 3_600_000).toISOString().replace('Z', offset);
}
