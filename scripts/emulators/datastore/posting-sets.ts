/** A stretch of an index: the entries whose value begins with a prefix, or is it. */
export interface Posting {
  readonly definitionId: number;
  readonly prefix: Buffer;
  readonly isWhole: boolean;
}

/** How the entries of a posting are read: the numbers of the entities they stand for. */
export type ReadPosting = (posting: Posting) => Iterable<number>;

/** Sets that are kept; one of a million entities takes 125 KB. */
const SETS_MAX = 64;

/**
 * Which entities have an entry in a posting, one bit each, by the number of the entity. What several filters have in common
 * is then counted 32 entities at a time, where asking index after index takes seconds for a million. A set is read from the
 * index when it is first asked for; from then on every write keeps it true.
 */
export class PostingSets {
  readonly #read: ReadPosting;
  /** The one that was used last comes last. */
  readonly #sets = new Map<string, KeptSet>();

  constructor(read: ReadPosting) {
    this.#read = read;
  }

  has(posting: Posting): boolean {
    return this.#sets.has(nameOf(posting));
  }

  /** How many entities have an entry in each of the postings. */
  countCommon(postings: readonly [Posting, ...Posting[]]): number {
    const [first, ...others] = postings.map((posting) => this.#setOf(posting).bits);
    return first === undefined ? 0 : first.countCommon(others);
  }

  /** Whether a change of this index would have to be told. */
  concerns(definitionId: number): boolean {
    for (const { posting } of this.#sets.values()) if (posting.definitionId === definitionId) return true;
    return false;
  }

  /** An entry has come or gone. */
  change(entry: { readonly definitionId: number; readonly value: Buffer }, entity: number, isThere: boolean): void {
    for (const { posting, bits } of this.#sets.values()) {
      if (!holds(posting, entry)) continue;
      if (isThere) bits.add(entity);
      else bits.remove(entity);
    }
  }

  /** Forgets all sets: what they were read from is not what it was. */
  clear(): void {
    this.#sets.clear();
  }

  #setOf(posting: Posting): KeptSet {
    const name = nameOf(posting);
    let kept = this.#sets.get(name);
    if (kept === undefined) {
      kept = { posting, bits: new BitSet(this.#read(posting)) };
      const [oldest] = this.#sets.keys();
      if (this.#sets.size >= SETS_MAX && oldest !== undefined) this.#sets.delete(oldest);
    }
    this.#sets.delete(name);
    this.#sets.set(name, kept);
    return kept;
  }
}

interface KeptSet {
  readonly posting: Posting;
  readonly bits: BitSet;
}

function nameOf({ definitionId, prefix, isWhole }: Posting): string {
  return `${definitionId}${isWhole ? '=' : '^'}${prefix.toString('latin1')}`;
}

function holds(
  { definitionId, prefix, isWhole }: Posting,
  entry: { readonly definitionId: number; readonly value: Buffer },
): boolean {
  if (entry.definitionId !== definitionId) return false;
  if (isWhole) return entry.value.equals(prefix);
  return entry.value.length >= prefix.length && entry.value.subarray(0, prefix.length).equals(prefix);
}

const FIRST_WORDS = 1024;

class BitSet {
  #words = new Uint32Array(FIRST_WORDS);

  constructor(members: Iterable<number>) {
    for (const member of members) this.add(member);
  }

  add(member: number): void {
    const at = member >>> 5;
    if (at >= this.#words.length) {
      const longer = new Uint32Array(Math.max(at + 1, this.#words.length * 2));
      longer.set(this.#words);
      this.#words = longer;
    }
    this.#words[at] = (this.#words[at] ?? 0) | (1 << (member & 31));
  }

  remove(member: number): void {
    const at = member >>> 5;
    if (at < this.#words.length) this.#words[at] = (this.#words[at] ?? 0) & ~(1 << (member & 31));
  }

  /** How many are members of this set and of all others. */
  countCommon(others: readonly BitSet[]): number {
    const length = Math.min(this.#words.length, ...others.map((other) => other.#words.length));
    let count = 0;
    for (let at = 0; at < length; at += 1) {
      let word = this.#words[at] ?? 0;
      for (const other of others) word &= other.#words[at] ?? 0;
      count += bitsIn(word);
    }
    return count;
  }
}

/** Counts the bits of a word in pairs, then fours, then bytes (Hacker's Delight, 5-1). */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
