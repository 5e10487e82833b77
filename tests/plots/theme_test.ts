import assert from "node:assert/strict";
// @ts-types="@types/culori"
import {
  differenceCiede2000,
  filterDeficiencyDeuter,
  filterDeficiencyProt,
  filterDeficiencyTrit,
  lch,
  wcagContrast,
} from "culori";
import { onDark } from "../../lib/base/on_dark.ts";
import { classColors, CURVE_COLORS, INK, PAPER, rgbOf } from "../../lib/plots/theme.ts";

const difference = differenceCiede2000();

/** The least CIEDE2000 difference of any two colors, seen through `filter`. */
function leastDifference(colors: readonly string[], filter = (color: string): unknown => color) {
  const seen = colors.map((color) => filter(color) as string);
  let least = Infinity;
  seen.forEach((a, i) =>
    seen.slice(0, i).forEach((b) => least = Math.min(least, difference(a, b)))
  );
  return least;
}

Deno.test("classColors() keeps ten classes apart, for color-blind people too, and off the white", () => {
  const colors = classColors(10);
  assert.ok(leastDifference(colors) > 29);
  for (const filter of [filterDeficiencyProt, filterDeficiencyDeuter, filterDeficiencyTrit]) {
    assert.ok(leastDifference(colors, filter(1) as (color: string) => unknown) > 17);
  }
  for (const color of colors) assert.ok(wcagContrast(color, "#ffffff") > 1.4, color);
  assert.ok(leastDifference(classColors(10, "plasma")) < 9, "what the comment says of plasma");
});

const dark = (color: string) => `rgb(${onDark(rgbOf(color)).join(", ")})`;

Deno.test("onDark() keeps the ten classes apart, their hues, and text and points off the dark paper", () => {
  const colors = classColors(10), changed = colors.map(dark), paper = dark(PAPER);
  assert.equal(paper, "rgb(27, 32, 38)");
  assert.ok(wcagContrast(dark(INK), paper) > 12);
  assert.ok(leastDifference(changed) > 18.5, String(leastDifference(changed)));
  for (const filter of [filterDeficiencyProt, filterDeficiencyDeuter, filterDeficiencyTrit]) {
    const least = leastDifference(changed, filter(1) as (color: string) => unknown);
    assert.ok(least > 11, String(least));
  }
  for (const [i, color] of changed.entries()) {
    assert.ok(wcagContrast(color, paper) > 1.9, color);
    const before = lch(colors[i])!, after = lch(color)!;
    const turn = Math.abs((after.h! - before.h! + 540) % 360 - 180);
    if (before.c > 25) assert.ok(turn < 37, `${colors[i]} turns by ${turn}°`);
  }
});

Deno.test("Curves have colors that a thin line can have, on dark paper, too", () => {
  assert.equal(CURVE_COLORS.length, 7);
  for (const color of CURVE_COLORS) {
    assert.ok(wcagContrast(color, PAPER) > 3, `${color}: ${wcagContrast(color, PAPER)}`);
    const there = wcagContrast(dark(color), dark(PAPER));
    assert.ok(there > 3, `${color}: ${there}`);
  }
});

Deno.test("classColors() has as many different colors as there are classes", () => {
  for (const n of [1, 2, 10, 11, 20, 100]) {
    assert.equal(new Set(classColors(n)).size, n);
    assert.equal(new Set(classColors(n, "plasma")).size, n);
  }
});
