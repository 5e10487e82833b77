import assert from "node:assert/strict";
import {
  between,
  callable,
  checkOptions,
  either,
  flag,
  listOf,
  oneOf,
  positive,
  type Rules,
  suggestion,
  whole,
  withDefaults,
} from "../../lib/base/check.ts";

interface Options {
  readonly C?: number;
  readonly gamma?: number | "scale" | "auto";
  readonly degree?: number;
  readonly share?: number;
  readonly shuffled?: boolean;
  readonly sizes?: readonly number[];
  readonly onEpoch?: () => void;
}

const RULES: Rules<Options> = {
  C: positive,
  gamma: either(oneOf("scale", "auto"), positive),
  degree: whole(0, 20),
  share: between(0, 1),
  shuffled: flag,
  sizes: listOf(whole(1)),
  onEpoch: callable,
};

const check = (options: unknown) => checkOptions("Model", options as Options, RULES);

Deno.test("checkOptions() lets good options pass, and takes undefined for not given", () => {
  check({});
  check({ C: 1, gamma: "auto", degree: 3, share: 0, shuffled: true, sizes: [1], onEpoch() {} });
  check({ gamma: 0.5, C: undefined });
});

Deno.test("checkOptions() names what is unknown, and the nearest name", () => {
  const knows = "It knows C, gamma, degree, share, shuffled, sizes, onEpoch";
  for (
    const [options, message] of [
      [{ c: 10 }, `Model has no option "c": did you mean "C"? ${knows}`],
      [{ gama: 1 }, `Model has no option "gama": did you mean "gamma"? ${knows}`],
      [{ learningRate: 1 }, `Model has no option "learningRate". ${knows}`],
      [JSON.parse('{"__proto__": 1}'), `Model has no option "__proto__". ${knows}`],
      [null, "Model: options must be an object, got null"],
      [[1], "Model: options must be an object, got [1]"],
    ] as const
  ) assert.throws(() => check(options), { name: "TypeError", message });
});

Deno.test("checkOptions() tells a wrong kind from a wrong value", () => {
  for (
    const [options, name, message] of [
      [{ C: "1" }, "TypeError", 'Model: C must be positive, got "1"'],
      [{ C: 0 }, "RangeError", "Model: C must be positive, got 0"],
      [{ C: NaN }, "RangeError", "Model: C must be positive, got NaN"],
      [{ C: Infinity }, "RangeError", "Model: C must be positive, got Infinity"],
      [
        { gamma: "big" },
        "RangeError",
        'Model: gamma must be "scale" or "auto" or positive, got "big"',
      ],
      [
        { gamma: null },
        "TypeError",
        'Model: gamma must be "scale" or "auto" or positive, got null',
      ],
      [{ degree: 1.5 }, "RangeError", "Model: degree must be a whole number from 0 to 20, got 1.5"],
      [{ share: 1.1 }, "RangeError", "Model: share must be a number from 0 to 1, got 1.1"],
      [{ shuffled: 1 }, "TypeError", "Model: shuffled must be true or false, got 1"],
      [
        { sizes: [1, 0] },
        "RangeError",
        "Model: sizes must be an array, each element a whole number of at least 1, got [1, 0]",
      ],
      [{ onEpoch: {} }, "TypeError", "Model: onEpoch must be a function, got a plain object"],
    ] as const
  ) assert.throws(() => check(options), { name, message });
});

Deno.test("withDefaults() lets undefined leave the default", () => {
  assert.deepEqual(withDefaults({ C: 1, degree: 3 }, { C: undefined, degree: 2 }), {
    C: 1,
    degree: 2,
  });
});

Deno.test("suggestion() lists all names where there are few, and the nearest of many", () => {
  const few = ["zeta", "alpha", "beta"];
  assert.equal(suggestion("bata", few), ': did you mean "beta"? It knows zeta, alpha, beta');
  const many = Array.from({ length: 400 }, (_, i) => `block_${i}_relu`);
  const text = suggestion("block_77_rely", many);
  assert.match(text, /^: did you mean "block_77_relu"\? It knows block_77_relu, block_7/);
  assert.match(text, / and 376 more$/);
  assert.equal(text.split(", ").length, 24);
});
