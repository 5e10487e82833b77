import { type Arguments, type Signature, type WordKind, wordOf, wrong } from "./argument_kinds.ts";
import { MAX_FLOAT_ARGS, MAX_INT_ARGS } from "./control.ts";
import { argumentWords, kernelIndex, runPrepared } from "./pool.ts";

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
