import assert from "node:assert/strict";
import "deep-features";
import type { ArgumentKind, Signature } from "../../lib/compute/argument_kinds.ts";
import { declaredKernels, defineKernel } from "../../lib/compute/define_kernel.ts";
import { defineRecord } from "../../lib/compute/define_record.ts";
import { kernelSources } from "../../lib/compute/kernels/build.ts";
import { pairDescriptor } from "../../lib/svm/engine/pair_state.ts";
import { Scope } from "../../lib/compute/scope.ts";
import { setThreads, threads } from "../../lib/compute/pool.ts";
import {
  allKernelArguments,
  kernelArguments,
  type Reading,
  readingsIn,
} from "./kernel_arguments.ts";

const CHUNK = 16384;

/** The kernel for the test of the time-out. */
const stall = defineKernel("stall", { counter: "i32*", until: "u8*" });

/** y = 1 above zero, alpha at or below. */
const step = defineKernel("step", { x: "f32*", y: "f32*", n: "i32", alpha: "f32" });

/** By what type the assembly reads an argument. */
function readAs(kind: ArgumentKind): string {
  if (kind === "bool") return "i32";
  return kind.includes("*") ? "usize" : kind;
}

/** How a signature is laid out, as the assembly should read it. */
function layoutOf(signature: Signature): Reading[] {
  let word = 0, float = 128;
  return Object.entries(signature).map(([name, kind]) => {
    const at = kind === "f32" ? float : word;
    if (kind === "f32") float += 4;
    else word += 4;
    return { name, type: readAs(kind), offset: at };
  }).sort((a, b) => a.offset - b.offset);
}

Deno.test("Each kernel is declared with the arguments that its assembly reads, in their order", () => {
  const assembly = allKernelArguments();
  for (const [name, signature] of declaredKernels()) {
    assert.deepEqual(layoutOf(signature), assembly.get(name), name);
  }
  // Every kernel is declared, but for those of the pool's own tests.
  for (const [file, path] of kernelSources()) {
    if (file === "testing.ts") continue;
    for (const name of kernelArguments(Deno.readTextFileSync(path)).keys()) {
      assert.ok(declaredKernels().has(name), `${name} is not declared`);
    }
  }
});

Deno.test("The record of a pair has the fields that the assembly reads, in their order", () => {
  const source = Deno.readTextFileSync(kernelSources().get("svm.ts")!);
  assert.deepEqual(layoutOf(pairDescriptor.fields), readingsIn(source, "solvePair"));
});

Deno.test("defineRecord() lays records out one after the other and checks them", () => {
  using memory = new Scope();
  const kind = defineRecord(
    "test",
    { x: "f32*", n: "i32", seed: "u32", on: "bool", y: "f64*?" },
    8,
  );
  const table = kind.table(memory, 2), x = memory.float32(4);
  table.words.fill(7);
  table.set(1, { x: x.subarray(1), n: -1, seed: 2 ** 32 - 1, on: true, y: null });
  const expected = [x.byteOffset + 4, -1, -1, 1, 0, 7, 7, 7];
  assert.deepEqual([...table.words], [...Array(8).fill(7), ...expected]);
  const bad = { x, n: 0.5, seed: 0, on: true, y: null };
  assert.throws(() => table.set(0, bad), /test: n must be a whole number .*, got 0.5/);
  assert.throws(
    () => defineRecord("test", { a: "i32", b: "i32" }, 1),
    /2 fields of test in 1 words/,
  );
});

Deno.test("kernelArguments() reads AssemblyScript: names, types, functions that arguments go to", () => {
  const found = kernelArguments(`
    function half(to: usize, end: i32): void {
      const n = load<i32>(to, 4), flag = load<i32>(to, 8) != 0;
      if (flag) half(to, n);
    }
    export function one(args: usize, begin: i32, end: i32, _scratch: usize): void {
      const x = load<usize>(args), y = load<u32>(x, 4), scale = f32x4.splat(load<f32>(args, 128));
      half(args, end);
    }
    export function two(args: usize, begin: i32, end: i32, _scratch: usize): void {}
  `);
  assert.deepEqual(found.get("one"), [
    { name: "x", type: "usize", offset: 0 },
    { name: "n", type: "i32", offset: 4 },
    { name: "flag", type: "i32", offset: 8 },
    { name: "scale", type: "f32", offset: 128 },
  ]);
  assert.deepEqual(found.get("two"), []);
  assert.deepEqual([...found.keys()], ["one", "two"]);
  assert.deepEqual(
    layoutOf({ x: "f64*?", n: "i32", scale: "f32", flag: "bool" }),
    found.get("one"),
  );
  // What the comparison is for: two arguments exchanged, one left out, one of another type.
  for (
    const wrong of [
      { n: "i32", x: "f64*", flag: "bool", scale: "f32" },
      { x: "f64*", n: "i32", scale: "f32" },
      { x: "f64*", n: "u32", flag: "bool", scale: "f32" },
    ] as const
  ) assert.notDeepEqual(layoutOf(wrong), found.get("one"));
});

Deno.test("defineKernel() takes views, of which a part is where to begin, and lays arguments out", () => {
  const before = threads();
  using memory = new Scope();
  const rows = 3, columns = CHUNK;
  const a = memory.float32(rows * columns), y = memory.float32(rows * columns);
  a.forEach((_, i) => a[i] = i % 97 - 48);
  try {
    for (const count of [1, 3]) {
      setThreads(count);
      y.fill(NaN);
      const first = { x: a.subarray(columns), y: y.subarray(columns), n: 2 * columns };
      step(2, { ...first, alpha: 0.25 });
      y.forEach((value, i) => {
        assert.ok(i < columns ? Number.isNaN(value) : value === (a[i]! > 0 ? 1 : 0.25));
      });
    }
  } finally {
    setThreads(before);
  }
});

Deno.test("A kernel refuses arguments of the wrong kind, missing, elsewhere, or too large", () => {
  using memory = new Scope();
  const x = memory.float32(4).fill(5), y = memory.float32(4).fill(7);
  const good = { x, y, n: 4, alpha: 0 };
  const cases: [object, ErrorConstructor, RegExp][] = [
    [{ ...good, x: new Float32Array(4) }, TypeError, /step: x .*shared memory.*Array elsewhere/],
    [
      { ...good, x: new Float32Array(new SharedArrayBuffer(16)) },
      TypeError,
      /step: x must be a Float32Array in the shared memory, got a Float32Array elsewhere/,
    ],
    [{ ...good, x: memory.int32(4) }, TypeError, /x must be a Float32Array.*, got a Int32Array/],
    [{ ...good, y: null }, TypeError, /step: y must be a Float32Array .*, got null/],
    [{ x, n: 4, alpha: 0 }, TypeError, /step: y must be .*, got undefined/],
    [{ ...good, y: 1 << 20 }, TypeError, /step: y must be .*, got 1048576/],
    [{ ...good, n: 2 ** 31 }, RangeError, /step: n must be a whole number from .*, got 2147483648/],
    [{ ...good, n: 1.5 }, RangeError, /step: n must be a whole number .*, got 1.5/],
    [{ ...good, n: "4" }, TypeError, /step: n must be a whole number .*, got "4"/],
    [{ ...good, alpha: undefined }, TypeError, /step: alpha must be a number, got undefined/],
  ];
  for (const [args, kind, message] of cases) {
    assert.throws(() => step(1, args as typeof good), (error: Error) => {
      assert.ok(error instanceof kind, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
  assert.ok(y.every((value) => value === 7), "nothing ran");
  step(1, good);
  assert.ok(y.every((value) => value === 1));
});

Deno.test("defineKernel() takes absent views where they may be, flags, and unsigned numbers", () => {
  const none = defineKernel("none", { x: "f32*?", on: "bool", seed: "u32" });
  // All arguments are right, so that the first error is that there is no such kernel.
  for (const seed of [0, 2 ** 32 - 1]) {
    assert.throws(() => none(1, { x: null, on: true, seed }), /There is no kernel named none/);
  }
  const counter = { counter: null as unknown as Int32Array, until: null as unknown as Uint8Array };
  assert.throws(() => stall(1, counter), /stall: counter must be a Int32Array .*, got null/);
  assert.throws(() => defineKernel("none", {}), /Cannot declare the kernel none twice/);
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`x${i}`, "i32" as const]));
  assert.throws(() => defineKernel("many", many), /many with 33 words and 0 floats.*room for 32/);
});
