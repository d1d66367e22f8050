import { ListCursors } from '#shared/pagination/list-cursors.ts';
import type { BaseTools } from './base-tools.ts';

/** For functions whose lists end pages at places that are not the caller's to know. */
export function openListCursors({ store, random }: Pick<BaseTools, 'store' | 'random'>): {
  readonly cursors: ListCursors;
} {
  return { cursors: new ListCursors({ store, random }) };
}
