/** Messages between the main process and a function host, sent over IPC. */

export type ToHost =
  /** The first message: start listening, on the ports of the previous host where they are still free. */
  | {
      readonly type: 'start';
      readonly offsetMs: number;
      readonly bundlesFolder: string;
      readonly functions: readonly { readonly name: string; readonly port: number }[];
    }
  /** The clock was moved; the reply is `clock` with the same number. */
  | { readonly type: 'clock'; readonly offsetMs: number; readonly move: number }
  /** These functions have new bundles, for the next connection. The reply is `reloaded` with the same number. */
  | { readonly type: 'reload'; readonly names: readonly string[]; readonly reload: number }
  /** Load all bundles while there is nothing else to do. */
  | { readonly type: 'preload' };

export type FromHost =
  | { readonly type: 'ready'; readonly ports: Readonly<Record<string, number>> }
  | { readonly type: 'clock'; readonly move: number }
  | { readonly type: 'reloaded'; readonly reload: number }
  | { readonly type: 'failed'; readonly message: string };
