const OFFSET = new Intl.DateTimeFormat('en-US', { timeZone: 'America/Los_Angeles', timeZoneName: 'longOffset' });

/**
 * Returns a time as Compute Engine writes it: RFC 3339 with milliseconds and the offset of Mountain View instead of
 * UTC. Such texts cannot be compared as text; the emulator imitates this so that callers who do so are found.
 */
export function pacificTime(atMs: number): string {
  const name = OFFSET.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT-08:00';
  const offset = name.replace('GMT', '');
  const hours = Number(offset.slice(0, 3));
  return new Date(atMs + hours * 3_600_000).toISOString().replace('Z', offset);
}
