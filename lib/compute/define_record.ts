import { type Arguments, type WordKind, wordOf } from "./argument_kinds.ts";
import type { Scope } from "./scope.ts";

/** The fields of a record by name, in their order, a word of 32 bits each. */
export type Fields = Readonly<Record<string, WordKind>>;

/** Records of the same fields in the shared memory, one after the other. */
export interface RecordTable<F extends Fields> {
  /** What a kernel is given. */
  readonly words: Int32Array;
  /** Sets a record. The views that it names must live as long as kernels read it. */
  set(record: number, values: Arguments<F>): void;
}

/** A kind of record. */
export interface RecordType<F extends Fields> {
  readonly fields: F;
  /** Room for `count` records, not yet set. */
  table(memory: Scope, count: number): RecordTable<F>;
}

/**
 * Declares a record for kernels whose tasks have arguments of their own, each in a record: checked and laid
 * out as the arguments of `defineKernel`.
 *
 * @param name What errors begin with
 * @param words Words from one record to the next; the fields may leave some unused
 * @throws {RangeError} If the fields need more words
 */
export function defineRecord<const F extends Fields>(
  name: string,
  fields: F,
  words: number,
): RecordType<F> {
  const names = Object.keys(fields);
  if (names.length > words) {
    throw new RangeError(`Cannot lay the ${names.length} fields of ${name} in ${words} words`);
  }
  const writers = Object.entries(fields).map(([field, kind]) => wordOf(`${name}: ${field}`, kind));
  return {
    fields,
    table(memory, count) {
      const table = memory.int32(count * words);
      return {
        words: table,
        set(record, values) {
          const given = values as Readonly<Record<string, unknown>>;
          names.forEach((field, i) => table[record * words + i] = writers[i]!(given[field]));
        },
      };
    },
  };
}
