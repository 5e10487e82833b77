import { Matrix } from "../../base/matrix.ts";
import { centerOf, type KernelFunction, type KernelName } from "./kernel_function.ts";
import { Extent, scaleKernel, scaleRows, scalingOf } from "./scaling.ts";
import { withIntercept } from "./support_memory.ts";
import type { FittedSvc } from "../fitted_svc.ts";

/** The part of libsvm-js that is used here. */
interface Libsvm {
  train(samples: number[][], labels: number[]): void;
  getSVIndices(): number[];
  serializeModel(): string;
  free(): void;
}
type LibsvmClass = new (options: Record<string, unknown>) => Libsvm;

/** How LIBSVM numbers its kernels. */
const KERNELS: Record<KernelName, string> = { linear: "0", poly: "1", rbf: "2", sigmoid: "3" };
/** 16 bytes a value in a heap of 2 GiB, and the solver's own share. */
const MAX_VALUES = 60_000_000;
const C_SVC = "0";

/**
 * Fits by LIBSVM 3.22 (Chang & Lin 2011), compiled to WebAssembly in the package `libsvm-js`: the
 * reference for this library's solver, on one thread and synchronous, so for small sets.
 *
 * @param rowsOfClass The rows of each class: they are handed over class by class, which puts LIBSVM's
 *   classes in rising order
 * @throws {RangeError} If X is larger than LIBSVM's heap can hold
 */
export async function fitLibsvm(
  X: Matrix,
  classes: Int32Array,
  rowsOfClass: readonly (readonly number[])[],
  kernel: KernelFunction,
  options: { C: number; tol: number; weights: readonly number[] },
): Promise<FittedSvc> {
  if (X.data.length > MAX_VALUES) {
    throw new RangeError(
      `The libsvm engine cannot hold ${X.rows} × ${X.cols} values: use engine "smo"`,
    );
  }
  const scaling = scalingOf(new Extent(X), kernel, options.C * Math.max(...options.weights));
  const scaled = scaleRows(X, scaling), inner = scaleKernel(kernel, scaling);
  const center = centerOf(scaled, kernel.kernel);
  const SVM = await loadLibsvm();
  const order = rowsOfClass.flat();
  const labels = rowsOfClass.flatMap((rows, c) => rows.map(() => classes[c]!));
  const svm = new SVM({
    type: C_SVC,
    kernel: KERNELS[kernel.kernel],
    gamma: inner.gamma,
    degree: inner.degree,
    coef0: inner.coef0,
    cost: options.C * scaling.values,
    tolerance: options.tol,
    cacheSize: 200,
    weight: Object.fromEntries(options.weights.map((weight, c) => [classes[c]!, weight])),
    quiet: true,
  });
  try {
    svm.train(
      order.map((row) => Array.from(scaled.row(row), (value, c) => value - center[c]!)),
      labels,
    );
    const support = Int32Array.from(svm.getSVIndices(), (i) => order[i]!);
    const fitted = {
      kernel,
      classes,
      support,
      supportVectors: X.takeRows(support),
      ...parse(svm),
      ...(scaling.rows === 1 && scaling.values === 1 ? {} : { scaling }),
    };
    return withIntercept(fitted, center);
  } finally {
    svm.free();
  }
}

/** Reads what LIBSVM learned from its own text form of a model. */
function parse(svm: Libsvm): Pick<FittedSvc, "nSupport" | "dualCoef" | "intercept"> {
  const [head, body] = svm.serializeModel().split(/^SV\n/m) as [string, string];
  const numbers = (name: string) =>
    head.match(new RegExp(`^${name} (.*)$`, "m"))![1]!.trim().split(/\s+/).map(Number);
  const nSupport = Int32Array.from(numbers("nr_sv"));
  const rows = body.trim().split("\n").map((line) =>
    line.split(" ").filter((word) => word !== "" && !word.includes(":")).map(Number)
  );
  const lines = nSupport.length - 1;
  const dualCoef = new Float32Array(lines * rows.length);
  rows.forEach((row, i) => row.forEach((value, c) => dualCoef[c * rows.length + i] = value));
  return {
    nSupport,
    dualCoef: new Matrix(dualCoef, lines, rows.length),
    intercept: Float64Array.from(numbers("rho"), (rho) => -rho),
  };
}

let loading: Promise<LibsvmClass> | undefined;

/**
 * libsvm-js takes whatever has a global `self` for a browser, and complains on the console when it cannot
 * compile from a stream, so it is loaded while both are hidden.
 */
function loadLibsvm(): Promise<LibsvmClass> {
  return loading ??= (async () => {
    const restore = [hide(globalThis, "self"), hide(WebAssembly, "instantiateStreaming")];
    try {
      const { default: ready } = await import("libsvm-js");
      return await (ready as Promise<LibsvmClass>);
    } finally {
      for (const putBack of restore) putBack();
    }
  })();
}

function hide(object: object, name: string): () => void {
  const property = Object.getOwnPropertyDescriptor(object, name);
  Reflect.deleteProperty(object, name);
  return () => property && Object.defineProperty(object, name, property);
}
