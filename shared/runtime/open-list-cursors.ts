import { ListCursors } from '#shared/pagination/list-cursors.ts';
import type { BaseTools } from './base-tools.ts';

/** Opens the sealing of cursors, for lists whose page ends may reveal rows that the caller must not see. */
export function openListCursors({ store, random }: Pick<BaseTools, 'store' | 'random'>): {
  readonly cursors: ListCursors;
} {
  return { cursors: new ListCursors({ store, random }) };
}
