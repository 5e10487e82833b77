import {
  checkOptions,
  checkValue,
  finite,
  oneOf,
  positive,
  record,
  type Rules,
  whole,
} from "../../base/check.ts";
import type { SavedForm } from "../../base/saved_estimator.ts";
import type { FittedSvc } from "../fitted_svc.ts";

const KERNEL_RULES: Rules<FittedSvc["kernel"]> = {
  kernel: oneOf("linear", "rbf", "poly", "sigmoid"),
  gamma: positive,
  degree: whole(0, 100),
  coef0: finite,
};

type Scaling = NonNullable<FittedSvc["scaling"]>;

/** What a fitted machine consists of in its file. */
export const SAVED_SVC: SavedForm<FittedSvc> = {
  called: "an Svc",
  arrays: {
    classes: "int32",
    support: "int32",
    supportVectors: "matrix",
    nSupport: "int32",
    dualCoef: "matrix",
    intercept: "float64",
    dualObjective: "float64",
  },
  facts: {
    kernel: record(),
    scaling: record(
      "two positive factors",
      (value) => [(value as Scaling).rows, (value as Scaling).values].every(positive.allows),
    ),
  },
  optional: ["scaling", "dualObjective"],
  fault(
    { kernel, classes, support, supportVectors, nSupport, dualCoef, intercept, dualObjective },
  ) {
    checkOptions("kernel", kernel, KERNEL_RULES);
    for (const name of Object.keys(KERNEL_RULES) as (keyof typeof KERNEL_RULES)[]) {
      checkValue(`kernel: ${name}`, kernel[name], KERNEL_RULES[name]);
    }
    const k = classes.length, { rows: vectors, cols } = supportVectors, pairs = k * (k - 1) / 2;
    if (vectors < 1 || cols < 1) return `its support vectors are ${vectors} × ${cols}`;
    if (support.length !== vectors) return `${support.length} row numbers for ${vectors} vectors`;
    if (!support.every((row) => row >= 0)) return "a row number is negative";
    const sum = nSupport.reduce((a, b) => a + b, 0);
    if (nSupport.length !== k || sum !== vectors || nSupport.some((count) => count < 0)) {
      return `nSupport is ${nSupport} for ${k} classes and ${vectors} support vectors`;
    }
    if (dualCoef.rows !== k - 1 || dualCoef.cols !== vectors) {
      return `its dual coefficients are ${dualCoef.rows} × ${dualCoef.cols}`;
    }
    if (intercept.length !== pairs) return `${intercept.length} intercepts for ${k} classes`;
    if (dualObjective && dualObjective.length !== pairs) {
      return `${dualObjective.length} objectives for ${k} classes`;
    }
    return undefined;
  },
};
