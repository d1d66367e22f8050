import type { ServerResponse } from 'node:http';

/** The functions' last log lines, and the pages that receive each further line as a server-sent event. */
export class LogStream {
  readonly #recent: unknown[] = [];
  readonly #pages = new Set<ServerResponse>();
  #unsent: unknown[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Number of lines that are kept for pages opened later. */
  static readonly KEPT = 500;
  /** Maximum number of lines per event; of more lines only the last are sent. */
  static readonly SENT = 100;
  static readonly EVERY_MS = 250;

  take(line: string): void {
    const entry = parsed(line);
    if (entry === undefined) return;
    this.#recent.push(entry);
    if (this.#recent.length > LogStream.KEPT) this.#recent.shift();
    if (this.#pages.size === 0) return;
    this.#unsent.push(entry);
    this.#timer ??= setTimeout(() => this.#send(), LogStream.EVERY_MS);
  }

  /** Returns the kept lines, oldest first. */
  recent(): readonly unknown[] {
    return this.#recent;
  }

  /** Keeps the response open and sends each further line. */
  open(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 1000\n\n');
    this.#pages.add(response);
    response.once('close', () => this.#pages.delete(response));
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const page of this.#pages) page.end();
    this.#pages.clear();
  }

  #send(): void {
    this.#timer = undefined;
    const lines = this.#unsent.slice(-LogStream.SENT);
    this.#unsent = [];
    for (const page of this.#pages) page.write(`event: log\ndata: ${JSON.stringify(lines)}\n\n`);
  }
}

/** Parses a structured log entry; `undefined` for other lines, such as a stack that Node.js wrote. */
function parsed(line: string): unknown {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
