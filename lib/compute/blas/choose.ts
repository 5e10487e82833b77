import { noteRunFact } from "../../base/run_facts.ts";
import { seededRandom } from "../../base/random.ts";
import { canRunKernels, setBlasPath } from "../pool.ts";
import { Scope } from "../scope.ts";
import type { Gemm } from "../gemm.ts";
import { blasCandidates, mayOpenLibraries } from "./candidates.ts";
import { type Blas, openBlas } from "./library.ts";
import { multiplyByBlas } from "./product.ts";
import { passesSelfTest } from "./self_test.ts";

/** Rows, columns and depth of the product that is timed: over before a busy system takes the turn away. */
const SIZE = 256;
/** Times that it is computed either way; the fastest count, as other programs only slow them down. */
const ROUNDS = 20;
/** How many times as fast a library must be: the margin keeps the choice the same from run to run. */
const LEAST_GAIN = 1.3;
/** Most by which the two products may differ; their values are near 1. */
const TOLERANCE = 1e-4;

/** What computes wide products. */
export interface BlasChoice {
  /** The library; none if the project's own kernels compute all products. */
  readonly blas?: { readonly name: string };
  /** Why a library that is there, or that was asked for, is not used. */
  readonly refused?: string;
}

/**
 * Looks for a BLAS. The first that can be opened is used if its products are right and if it wins; one that
 * `COMPUTE_BLAS` names need not win.
 *
 * @param multiply The product by the project's own kernels
 */
export function chooseBlas(multiply: (product: Gemm) => void): BlasChoice {
  if (!canRunKernels()) return {};
  const { paths, isWanted } = blasCandidates();
  for (const path of paths) {
    const opened = open(path);
    if (typeof opened === "string") {
      if (isWanted) return refuse(path, opened);
      continue;
    }
    const fault = faultOf(opened, path, multiply, isWanted);
    if (fault !== undefined) {
      return isWanted ? refuse(path, fault) : { refused: `${opened.name} ${fault}` };
    }
    noteRunFact("blas", opened.name);
    return { blas: { name: opened.name } };
  }
  return {};
}

/** A library, or why it cannot be opened. */
function open(path: string): Blas | string {
  if (!mayOpenLibraries()) return "may not be opened without --allow-ffi";
  try {
    return openBlas(path);
  } catch (error) {
    return `cannot be opened: ${(error as Error).message}`;
  }
}

function faultOf(
  blas: Blas,
  path: string,
  multiply: (product: Gemm) => void,
  isWanted: boolean,
): string | undefined {
  if (!passesSelfTest(blas)) return "fails the self-test";
  setBlasPath(path);
  try {
    const gain = measureGain(multiply);
    if (gain === undefined) return "fails the self-test on several threads";
    return isWanted || gain >= LEAST_GAIN ? undefined : "is not much faster";
  } catch (error) {
    // Too little memory is the caller's to know; a library that a thread could not open is not used.
    if (error instanceof RangeError) throw error;
    return `fails on several threads: ${(error as Error).message}`;
  }
}

/** How many times as fast the library is on all threads; undefined where the two products differ. */
function measureGain(multiply: (product: Gemm) => void): number | undefined {
  using memory = new Scope();
  const [a, b, own, theirs] = Array.from({ length: 4 }, () => memory.float32(SIZE ** 2));
  const random = seededRandom(1);
  for (let i = 0; i < SIZE ** 2; i++) {
    a![i] = random() - 0.5;
    b![i] = random() - 0.5;
  }
  const sizes = { a: a!, b: b!, rows: SIZE, columns: SIZE, depth: SIZE };
  let ownMs = Infinity, theirMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    ownMs = Math.min(ownMs, time(() => multiply({ ...sizes, c: own! })));
    theirMs = Math.min(theirMs, time(() => multiplyByBlas({ ...sizes, c: theirs! })));
    if (!own!.every((value, i) => Math.abs(value - theirs![i]!) <= TOLERANCE)) return undefined;
  }
  return ownMs / theirMs;
}

function time(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function refuse(path: string, fault: string): BlasChoice {
  const refused = `${path} (COMPUTE_BLAS) ${fault}`;
  console.warn(`${refused}: products are computed without it`);
  return { refused };
}
