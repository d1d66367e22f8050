/** What the main process and a function host say to each other over IPC. */

export type ToHost =
  /** The first message: listen, with the ports of a predecessor where they are still free. */
  | {
      readonly type: 'start';
      readonly offsetMs: number;
      readonly bundlesFolder: string;
      readonly functions: readonly { readonly name: string; readonly port: number }[];
    }
  /** The clock was moved; answered by `clock` with the same number. */
  | { readonly type: 'clock'; readonly offsetMs: number; readonly move: number }
  /** These bundles are new: the next connection gets them. Answered by `reloaded` with the same number. */
  | { readonly type: 'reload'; readonly names: readonly string[]; readonly reload: number }
  /** Load all bundles when there is nothing else to do. */
  | { readonly type: 'preload' };

export type FromHost =
  | { readonly type: 'ready'; readonly ports: Readonly<Record<string, number>> }
  | { readonly type: 'clock'; readonly move: number }
  | { readonly type: 'reloaded'; readonly reload: number }
  | { readonly type: 'failed'; readonly message: string };
