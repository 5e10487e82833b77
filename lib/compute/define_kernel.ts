import { MAX_FLOAT_ARGS, MAX_INT_ARGS } from "./control.ts";
import { isInMemory } from "./memory.ts";
import { describe } from "../base/check.ts";
import { argumentWords, kernelIndex, runPrepared } from "./pool.ts";

/** The typed arrays by the elements that a kernel reads behind an address. */
interface Views {
  "f32*": Float32Array;
  "f64*": Float64Array;
  "i32*": Int32Array;
  "u32*": Uint32Array;
  "u8*": Uint8Array;
}

/** Values that are handed over as they are. */
interface Values {
  /** A whole number of 32 bits. */
  i32: number;
  u32: number;
  f32: number;
  /** 1 or 0 in the kernel. */
  bool: boolean;
}

/**
 * What an argument is: a value, or a view of the shared memory (`"f32*"`), which may be absent where a
 * question mark follows (`"f32*?"`: null is address 0 in the kernel).
 */
export type ArgumentKind = keyof Views | keyof Values | `${keyof Views}?`;

/** What goes to the int32 words. */
type WordKind = Exclude<ArgumentKind, "f32">;

/** A kernel's arguments by name, in their order: float32 values among themselves, and all others. */
export type Signature = Readonly<Record<string, ArgumentKind>>;

/** What a kernel of a signature is called with. */
export type Arguments<S extends Signature> = {
  readonly [K in keyof S]: S[K] extends keyof Views ? Views[S[K]]
    : S[K] extends keyof Values ? Values[S[K]]
    : S[K] extends `${infer V extends keyof Views}?` ? Views[V] | null
    : never;
};

/**
 * Runs a kernel over all threads and returns when all its tasks are done.
 *
 * @param tasks Number of tasks
 * @param args Its arguments; a `subarray` is how one says where in a block to begin
 * @param grain Tasks that a thread claims at once; default: 1
 * @throws {TypeError} If an argument is missing, of the wrong kind, or not in the shared memory
 * @throws {RangeError} If a whole number does not fit its 32 bits, or there is no such kernel
 * @throws {Error} If the kernel traps, or a worker stops answering
 */
export type KernelFunction<S extends Signature> = (
  tasks: number,
  args: Arguments<S>,
  grain?: number,
) => void;

const CLASSES = {
  "f32*": Float32Array,
  "f64*": Float64Array,
  "i32*": Int32Array,
  "u32*": Uint32Array,
  "u8*": Uint8Array,
} as const;

const signatures = new Map<string, Signature>();

/** All kernels declared so far, by name, for the test that holds them to the assembly's reading. */
export function declaredKernels(): ReadonlyMap<string, Signature> {
  return signatures;
}

/**
 * Declares a kernel by its name and arguments, once, in the room that has its assembly. The names and
 * the order are those by which the assembly reads them; a test compares the two.
 *
 * @throws {RangeError} If the name is taken, or there are more arguments than there is room for
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { defineKernel } from "./define_kernel.ts";
 * import { Scope } from "./scope.ts";
 *
 * // Where the kernel adds two float32 arrays, in tasks of 16,384 values:
 * const addValues = defineKernel("addSame", { a: "f32*", b: "f32*", y: "f32*", n: "i32" });
 *
 * using memory = new Scope();
 * const [a, b] = [memory.float32(3).fill(1), memory.float32(3).fill(2)];
 * addValues(1, { a, b: b.subarray(0, 3), y: a, n: 3 });
 * assert(a.join() === "3,3,3");
 * ```
 */
export function defineKernel<const S extends Signature>(
  name: string,
  signature: S,
): KernelFunction<S> {
  if (signatures.has(name)) throw new RangeError(`Cannot declare the kernel ${name} twice`);
  const all = Object.entries(signature);
  const words = all.filter((each): each is [string, WordKind] => each[1] !== "f32");
  const floats = all.filter(([, kind]) => kind === "f32").map(([argument]) => argument);
  if (words.length > MAX_INT_ARGS || floats.length > MAX_FLOAT_ARGS) {
    throw new RangeError(
      `Cannot declare the kernel ${name} with ${words.length} words and ${floats.length} floats: ` +
        `there is room for ${MAX_INT_ARGS} and ${MAX_FLOAT_ARGS}`,
    );
  }
  signatures.set(name, signature);
  const writers = words.map(([argument, kind]) => wordOf(`${name}: ${argument}`, kind));
  const names = words.map(([argument]) => argument);
  let index = -1;
  return (tasks, args, grain = 1) => {
    if (index < 0) index = kernelIndex(name);
    const to = argumentWords();
    const given = args as Readonly<Record<string, unknown>>;
    for (let i = 0; i < names.length; i++) to.words[i] = writers[i]!(given[names[i]!]);
    for (let i = 0; i < floats.length; i++) {
      const value = given[floats[i]!];
      if (typeof value !== "number") throw wrong(`${name}: ${floats[i]}`, "a number", value);
      to.floats[i] = value;
    }
    runPrepared(index, tasks, grain);
  };
}

/** What turns an argument into the int32 word that the kernel reads. */
function wordOf(name: string, kind: WordKind): (value: unknown) => number {
  switch (kind) {
    case "i32":
      return (value) => {
        if (typeof value === "number" && (value | 0) === value) return value;
        throw wrongNumber(name, value, "a whole number from -2³¹ to 2³¹ − 1");
      };
    case "u32":
      return (value) => {
        if (typeof value === "number" && (value >>> 0) === value) return value | 0;
        throw wrongNumber(name, value, "a whole number from 0 to 2³² − 1");
      };
    case "bool":
      return (value) => {
        if (typeof value === "boolean") return value ? 1 : 0;
        throw wrong(name, "true or false", value);
      };
    default: {
      const isOptional = kind.endsWith("?");
      const View = CLASSES[kind.replace("?", "") as keyof Views];
      return (value) => {
        if (value instanceof View && isInMemory(value)) return value.byteOffset;
        if (isOptional && value === null) return 0;
        throw wrong(
          name,
          `a ${View.name} in the shared memory${isOptional ? " or null" : ""}`,
          value,
        );
      };
    }
  }
}

function wrongNumber(name: string, value: unknown, wanted: string): Error {
  return typeof value === "number"
    ? new RangeError(`${name} must be ${wanted}, got ${value}`)
    : wrong(name, wanted, value);
}

function wrong(name: string, wanted: string, value: unknown): TypeError {
  const got = ArrayBuffer.isView(value)
    ? `a ${value.constructor.name}${isInMemory(value) ? "" : " elsewhere"}`
    : describe(value);
  return new TypeError(`${name} must be ${wanted}, got ${got}`);
}
