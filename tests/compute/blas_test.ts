import assert from "node:assert/strict";
import { join } from "@std/path";
import { seededRandom } from "deep-features/base";
import { mayOpenLibraries } from "../../lib/compute/blas/candidates.ts";
import { addressOfMemory, type Blas, type Product } from "../../lib/compute/blas/library.ts";
import { passesSelfTest } from "../../lib/compute/blas/self_test.ts";
import { blasChoice, type Gemm, gemm } from "../../lib/compute/gemm.ts";
import { sharedMemory } from "../../lib/compute/memory.ts";
import { Scope } from "../../lib/compute/scope.ts";
import { installedBlas, withBlas } from "../helpers/blas.ts";
import { onThreads } from "../helpers/on_threads.ts";

const BLAS = installedBlas();
/** Tests that need a BLAS are left out, with this word, where there is none. */
const NEEDED = BLAS ? "" : " (left out: no BLAS, such as Debian's libopenblas0, or no FFI)";
const ignore = BLAS === undefined;

/** Sizes at the blocks' borders, beyond the least at which a BLAS computes. */
const SHAPES: [rows: number, columns: number, depth: number][] = [
  [65, 67, 129],
  [1030, 513, 3],
  [3, 2000, 64],
  [513, 1, 700],
  [64, 64, 64],
];
/** Both transposes, and adding or not. */
const FORMS = 8;

Deno.test({
  name: `gemm() by a BLAS equals the sum of products, on any number of threads to the bit${NEEDED}`,
  ignore,
  fn: () =>
    withBlas(async () => {
      assert.ok(blasChoice().blas);
      const first: Float32Array[] = [];
      await onThreads([1, 2, 3], (count) =>
        forEachProduct((product, start, i) => {
          gemm(product);
          if (count === 1) assertProduct(product, start, first[i] = product.c.slice());
          else assert.ok(product.c.every((value, k) => value === first[i]![k]));
        }));
    }),
});

/** All shapes in all forms: the product, what C holds before, and its number. */
function forEachProduct(visit: (product: Gemm, start: Float32Array, i: number) => void): void {
  for (const [s, [rows, columns, depth]] of SHAPES.entries()) {
    for (let form = 0; form < FORMS; form++) {
      using memory = new Scope();
      const product = draw(memory, rows, columns, depth, form);
      visit(product, product.c.slice(), FORMS * s + form);
    }
  }
}

/** Random matrices; the bits of `form` choose the transposes, what is added, and the activation. */
function draw(memory: Scope, rows: number, columns: number, depth: number, form: number): Gemm {
  const random = seededRandom(form + 1);
  const values = (n: number) => {
    const view = memory.float32(n);
    for (let i = 0; i < n; i++) view[i] = random() - 0.5;
    return view;
  };
  return {
    a: values(rows * depth),
    b: values(depth * columns),
    c: values(rows * columns),
    rows,
    columns,
    depth,
    transposeA: (form & 1) > 0,
    transposeB: (form & 2) > 0,
    add: (form & 4) > 0,
    bias: form % 3 === 0 ? null : values(columns),
    activation: (["linear", "relu", "relu6"] as const)[form % 3]!,
  };
}

/** Compares some rows with sums in float64. */
function assertProduct(product: Gemm, start: Float32Array, got: Float32Array): void {
  const { a, b, rows, columns, depth, transposeA, transposeB, add, bias, activation } = product;
  for (let i = 0; i < rows; i += 1 + (rows >> 3)) {
    for (let j = 0; j < columns; j++) {
      let sum = (add ? start[i * columns + j]! : 0) + (bias?.[j] ?? 0);
      for (let k = 0; k < depth; k++) {
        sum += a[transposeA ? k * rows + i : i * depth + k]! *
          b[transposeB ? j * depth + k : k * columns + j]!;
      }
      if (activation !== "linear") sum = Math.max(0, sum);
      if (activation === "relu6") sum = Math.min(6, sum);
      const at = got[i * columns + j]!;
      assert.ok(Math.abs(at - sum) < 2e-5, `${rows} × ${columns} × ${depth}: ${at} for ${sum}`);
    }
  }
}

/** What a library computes, and what a wrong one might. */
type Term = (a: number, b: number) => number;

/** A library in TypeScript, which can be made wrong. */
function imitation(
  wrong: {
    readonly product?: Partial<Product> | ((given: Product) => Partial<Product>);
    readonly term?: Term;
    readonly round?: (sum: number) => number;
    readonly start?: (held: number, add: boolean) => number;
    readonly fillGap?: boolean;
  } = {},
): Blas {
  const { term = (a, b) => a * b, round = Math.fround, fillGap = false } = wrong;
  const start = wrong.start ?? ((held, add) => add ? held : 0);
  return {
    name: "imitation",
    multiply(given) {
      const p = {
        ...given,
        ...(typeof wrong.product === "function" ? wrong.product(given) : wrong.product),
      };
      const base = addressOfMemory(sharedMemory());
      const view = (address: bigint) =>
        new Float32Array(sharedMemory().buffer, Number(address - base));
      const a = view(p.a), b = view(p.b), c = view(p.c);
      for (let i = 0; i < p.rows; i++) {
        for (let j = 0; j < p.columns; j++) {
          let sum = start(c[i * p.stepC + j]!, p.add);
          for (let k = 0; k < p.depth; k++) {
            sum += term(
              a[p.transposeA ? k * p.stepA + i : i * p.stepA + k]!,
              b[p.transposeB ? j * p.stepB + k : k * p.stepB + j]!,
            );
          }
          c[i * p.stepC + j] = round(sum);
        }
        if (fillGap) c[i * p.stepC + p.columns] = 0;
      }
    },
  };
}

/** Rounds to 8 bits, as bfloat16. */
const toBfloat16 = (value: number) => {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0]! &= 0xffff0000;
  return new Float32Array(bits.buffer)[0]!;
};

Deno.test({
  name: "The self-test passes a right library and no wrong one",
  ignore: !mayOpenLibraries(),
  fn: () => {
    assert.ok(passesSelfTest(imitation()));
    const wrong: Record<string, Parameters<typeof imitation>[0]> = {
      "does nothing": { product: { rows: 0 } },
      "knows no transposed A": { product: { transposeA: false } },
      "knows no transposed B": { product: { transposeB: false } },
      "adds nothing": { product: { add: false } },
      "always adds": { product: { add: true } },
      "leaves out the last row": { product: ({ rows }) => ({ rows: rows - 1 }) },
      "leaves out the last column": { product: ({ columns }) => ({ columns: columns - 1 }) },
      "leaves out the last term": { product: ({ depth }) => ({ depth: depth - 1 }) },
      "takes rows to touch": { product: ({ columns }) => ({ stepC: columns }) },
      "multiplies what C held by zero": { start: (held, add) => add ? held : 0 * held },
      "skips zeros": { term: (a, b) => b === 0 ? 0 : a * b },
      "loses NaN": { term: (a, b) => (a * b) || 0 },
      "writes beyond its columns": { fillGap: true },
      "computes with fewer digits": { term: (a, b) => toBfloat16(a) * toBfloat16(b) },
      "gives fewer digits": { round: toBfloat16 },
      "is a little off": { round: (sum) => sum * (1 + 1e-4) },
    };
    for (const [what, how] of Object.entries(wrong)) {
      assert.ok(!passesSelfTest(imitation(how)), what);
    }
  },
});

/** What a program chooses that computes a product, and what that is. */
async function chosenBy(
  variable: string | undefined,
  ...permissions: string[]
): Promise<{ printed: string; warned: string }> {
  const compute = new URL("../../lib/compute", import.meta.url);
  const program = `
    import { blasChoice } from "${compute}/gemm.ts";
    import { matmul } from "${compute}/matmul.ts";
    import { Matrix } from "${compute}/../base/matrix.ts";
    const A = new Matrix(new Float32Array(300 * 300).fill(2), 300, 300);
    console.log(matmul(A, A).data.every((value) => value === 1200), blasChoice().blas?.name);
  `;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, program);
  const { COMPUTE_BLAS: _, ...env } = Deno.env.toObject();
  try {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        ...["--config", join(import.meta.dirname!, "..", "..", "deno.json")],
        ...["--allow-read", "--allow-env"],
        ...permissions,
        file,
      ],
      stdin: "null",
      clearEnv: true,
      env: { ...env, NO_COLOR: "1", ...(variable === undefined ? {} : { COMPUTE_BLAS: variable }) },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { printed: text(stdout), warned: text(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("Without permission, switched off, or not to be opened, a BLAS is not used", async () => {
  const none = "true undefined", ffi = "--allow-ffi";
  assert.deepEqual(await chosenBy(undefined), { printed: none, warned: "" });
  assert.deepEqual(await chosenBy("off", ffi), { printed: none, warned: "" });
  const absent = await chosenBy("/nowhere/libblas.so", ffi);
  assert.equal(absent.printed, none);
  assert.match(absent.warned, /^\/nowhere\/libblas.so \(COMPUTE_BLAS\) cannot be opened: /);
  const refused = await chosenBy("/nowhere/libblas.so");
  assert.equal(refused.printed, none);
  assert.match(refused.warned, /\(COMPUTE_BLAS\) may not be opened without --allow-ffi: products /);
});

Deno.test({
  name: `COMPUTE_BLAS names the library that computes${NEEDED}`,
  ignore,
  fn: async () => {
    const { printed, warned } = await chosenBy(BLAS, "--allow-ffi");
    assert.match(printed, /^true .+/);
    assert.notEqual(printed, "true undefined");
    assert.equal(warned, "");
  },
});
