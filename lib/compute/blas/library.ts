/**
 * A BLAS (Basic Linear Algebra Subprograms) of the machine, called through Deno's FFI on the shared
 * memory as it is.
 *
 * @module
 */

/** Of cblas.h: matrices row by row, and whether one is transposed. */
const ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112;
/** BLAS_THREADING_SINGLE_THREADED of Accelerate, MKL_THREADING_SEQUENTIAL of MKL. */
const SINGLE_THREADED = 1, SEQUENTIAL = 1;

const SYMBOLS = {
  cblas_sgemm: {
    parameters: [
      ...["i32", "i32", "i32"] as const, // order, transposes
      ...["i32", "i32", "i32"] as const, // sizes
      "f32",
      ...["usize", "i32", "usize", "i32"] as const, // A and B with their steps
      "f32",
      ...["usize", "i32"] as const, // C
    ],
    result: "void",
  },
  openblas_get_config: { parameters: [], result: "pointer", optional: true },
  openblas_get_corename: { parameters: [], result: "pointer", optional: true },
  openblas_get_parallel: { parameters: [], result: "i32", optional: true },
  openblas_set_num_threads: { parameters: ["i32"], result: "void", optional: true },
  bli_arch_query_id: { parameters: [], result: "i32", optional: true },
  bli_arch_string: { parameters: ["i32"], result: "pointer", optional: true },
  bli_info_get_version_str: { parameters: [], result: "pointer", optional: true },
  bli_thread_set_num_threads: { parameters: ["i64"], result: "void", optional: true },
  MKL_Get_Version_String: { parameters: ["buffer", "i32"], result: "void", optional: true },
  MKL_Set_Threading_Layer: { parameters: ["i32"], result: "i32", optional: true },
  BLASSetThreading: { parameters: ["i32"], result: "i32", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** One product C = op(A)·op(B), or added to C, of row-major float32 matrices by address. */
export interface Product {
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** From one row of a matrix to the next, in values. */
  readonly stepA: number;
  readonly stepB: number;
  readonly stepC: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly add: boolean;
}

/** An opened BLAS that computes each product on the thread that calls it. */
export interface Blas {
  /** Its name and version, and for which processor its kernels are: results may differ between them. */
  readonly name: string;
  multiply(product: Product): void;
}

/**
 * Opens a BLAS, and tells it to use no threads of its own.
 *
 * @throws {Error} If there is no such library, it has no `cblas_sgemm`, or several threads may not call it
 */
export function openBlas(path: string): Blas {
  const { symbols } = Deno.dlopen(path, SYMBOLS);
  if (symbols.openblas_get_parallel?.() === 0) {
    throw new Error("it was built for programs of one thread");
  }
  symbols.openblas_set_num_threads?.(1);
  symbols.bli_thread_set_num_threads?.(1n);
  symbols.MKL_Set_Threading_Layer?.(SEQUENTIAL);
  symbols.BLASSetThreading?.(SINGLE_THREADED);
  return {
    name: nameOf(symbols, path),
    multiply: (p) =>
      symbols.cblas_sgemm(
        ROW_MAJOR,
        p.transposeA ? TRANSPOSED : AS_IT_IS,
        p.transposeB ? TRANSPOSED : AS_IT_IS,
        p.rows,
        p.columns,
        p.depth,
        1,
        p.a,
        p.stepA,
        p.b,
        p.stepB,
        p.add ? 1 : 0,
        p.c,
        p.stepC,
      ),
  };
}

function nameOf(symbols: Symbols, path: string): string {
  const config = textAt(symbols.openblas_get_config?.());
  if (config) {
    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"
    const [name, version] = config.split(" ");
    return `${name} ${version} (${textAt(symbols.openblas_get_corename?.())})`;
  }
  const version = textAt(symbols.bli_info_get_version_str?.());
  if (version) {
    const processor = symbols.bli_arch_query_id?.() ?? 0;
    return `BLIS ${version} (${textAt(symbols.bli_arch_string?.(processor))})`;
  }
  if (symbols.MKL_Get_Version_String) {
    const text = new Uint8Array(200);
    symbols.MKL_Get_Version_String(text, text.length);
    return new TextDecoder().decode(text).split("\0")[0]!.trim();
  }
  return path.split(/[\\/]/).at(-1)!;
}

function textAt(pointer: Deno.PointerValue | undefined): string | undefined {
  return pointer ? new Deno.UnsafePointerView(pointer).getCString() : undefined;
}

/** The address in this process of the shared memory's first byte; growing does not move it. */
export function addressOfMemory(memory: WebAssembly.Memory): bigint {
  const start = new Uint8Array(memory.buffer as unknown as ArrayBuffer, 0, 1);
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(start));
}
