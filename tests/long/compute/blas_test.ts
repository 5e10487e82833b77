// The estimators' own tests, scikit-learn's and PyTorch's results among them, with a BLAS.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { installedBlas } from "../../helpers/blas.ts";

const TOP = join(import.meta.dirname!, "..", "..", "..");
const BLAS = installedBlas();
const NEEDED = BLAS ? "" : " (left out: no BLAS, such as Debian's libopenblas0, or no FFI)";
const FILES = [
  "classifiers/linear_models_test.ts",
  "cnn/forward_test.ts",
  "metrics/trustworthiness_test.ts",
  "neighbors/nearest_neighbors_test.ts",
  "svm/svc_test.ts",
  "umap/transform_test.ts",
];

Deno.test({
  name: `Estimators give scikit-learn's results with a BLAS, too${NEEDED}`,
  ignore: BLAS === undefined,
  fn: async () => {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-P=test", "--no-check", ...FILES.map((file) => join("tests", file))],
      cwd: TOP,
      env: { COMPUTE_BLAS: BLAS!, NO_COLOR: "1" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stdout).slice(-5000));
  },
});
