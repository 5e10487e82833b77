// Images changed by chance: hand-worked ones, and what must hold of any.
import assert from "node:assert/strict";
import type * as tf from "@tensorflow/tfjs";
import { buildCnn, setUpCompute, trainCnn } from "deep-features";
import { seededRandom } from "deep-features/base";
import { setThreads, threads } from "deep-features/compute";
import { digest } from "../../lib/base/digest.ts";
import type { Augment } from "../../lib/cnn/engine/augment.ts";
import { augmented, changed, type Draw, drawFor } from "../../lib/cnn/engine/augmented.ts";

const PLAIN = { flip: false, shift: [0, 0], cutout: [0, 0], brightness: 1 } as const;

/** A 3 × 4 image of two channels, the second 100 more than the first. */
const image = (...pixels: number[]) =>
  Uint8Array.from(pixels.flatMap((value) => [value, value + 100]));
const SHAPE = [1, 3, 4, 2] as const;
const BEFORE = image(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

Deno.test("Images are mirrored, moved, cut out and brightened as by hand", () => {
  const O = -1; // a zero in both channels
  const worked: [Augment, Partial<Draw>, number[]][] = [
    [{}, { flip: true }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [{ flip: true }, { flip: false }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [{ flip: true }, { flip: true }, [4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9]],
    [{ shift: 2 }, { shift: [1, 0] }, [O, 1, 2, 3, O, 5, 6, 7, O, 9, 10, 11]],
    [{ shift: 2 }, { shift: [-2, 1] }, [O, O, O, O, 3, 4, O, O, 7, 8, O, O]],
    [{ shift: 2 }, { shift: [0, -2] }, [9, 10, 11, 12, O, O, O, O, O, O, O, O]],
    [{ flip: true, shift: 1 }, { flip: true, shift: [1, 0] }, [
      O,
      4,
      3,
      2,
      O,
      8,
      7,
      6,
      O,
      12,
      11,
      10,
    ]],
    [{ cutout: 2 }, { cutout: [2, 1] }, [1, O, O, 4, 5, O, O, 8, 9, 10, 11, 12]],
    [{ cutout: 3 }, { cutout: [0, 2] }, [1, 2, 3, 4, O, O, 7, 8, O, O, 11, 12]],
  ];
  for (const [augment, draw, pixels] of worked) {
    const data = { images: BEFORE, shape: SHAPE };
    const { images } = changed(data, [0], [{ ...PLAIN, ...draw }], augment);
    const expected = pixels.flatMap((value) => value === O ? [0, 0] : [value, value + 100]);
    assert.deepEqual([...images], expected, JSON.stringify([augment, draw]));
  }
  // Byte 25 times 1.3 is 32.5, which is rounded up, as Math.round does.
  const few = { images: Uint8Array.of(10, 101, 250, 0, 25, 1), shape: [1, 1, 2, 3] as const };
  const brighten = { ...PLAIN, brightness: 1.3 };
  const { images } = changed(few, [0], [brighten], { brightness: 0.5 });
  assert.deepEqual([...images], [13, 131, 255, 0, 33, 1]);
});

/** What an image becomes, pixel by pixel, as the options' texts say. */
function byPixel(
  from: ArrayLike<number>,
  draw: Draw,
  { flip = false, cutout = 0, brightness = 0 }: Augment,
  [height, width, channels]: readonly number[],
): number[] {
  const pixels: number[] = [];
  const first = (middle: number) => middle - Math.floor(cutout / 2);
  for (let y = 0; y < height!; y++) {
    for (let x = 0; x < width!; x++) {
      for (let c = 0; c < channels!; c++) {
        const column = x - draw.shift[0], row = y - draw.shift[1];
        const isIn = column >= 0 && column < width! && row >= 0 && row < height!;
        const isCut = x >= first(draw.cutout[0]) && x < first(draw.cutout[0]) + cutout &&
          y >= first(draw.cutout[1]) && y < first(draw.cutout[1]) + cutout;
        const own = flip && draw.flip ? width! - 1 - column : column;
        const value = isIn && !isCut ? from[(row * width! + own) * channels! + c]! : 0;
        pixels.push(
          brightness > 0 ? Math.min(255, Math.round(value * draw.brightness)) : value,
        );
      }
    }
  }
  return pixels;
}

Deno.test("Images of any size, of bytes and of floats, become what they do pixel by pixel, on any number of threads", () => {
  const random = seededRandom(21), before = threads();
  const below = (n: number) => Math.floor(n * random());
  try {
    for (let round = 0; round < 60; round++) {
      if (round % 20 === 0) setThreads(1 + round / 20);
      const n = 1 + below(9), own = [1 + below(12), 1 + below(12), 1 + below(5)] as const;
      const [height, width, channels] = own;
      const size = height * width * channels;
      const bytes = Uint8Array.from({ length: n * size }, () => 256 * random());
      const isFloat = round % 4 === 3;
      const images = isFloat ? Float32Array.from(bytes, (byte) => byte - 99.5) : bytes;
      const augment = {
        flip: random() < 0.7,
        shift: below(Math.min(height, width)),
        cutout: below(9),
        brightness: isFloat || random() < 0.3 ? 0 : random(),
      };
      const shape = [n, ...own] as const;
      const rows = Array.from({ length: 1 + below(12) }, () => below(n));
      const found = augmented({ images, shape }, rows, augment, round);
      assert.equal(found.images.constructor, images.constructor);
      assert.deepEqual(found.shape, [rows.length, ...own]);
      const expected = rows.flatMap((row) =>
        byPixel(
          images.subarray(row * size, (row + 1) * size),
          drawFor(row, round, augment, shape),
          augment,
          own,
        )
      );
      assert.deepEqual([...found.images], expected, JSON.stringify([own, augment]));
    }
  } finally {
    setThreads(before);
  }
});

Deno.test("A seed means the same images as it did at first", () => {
  const random = seededRandom(12), n = 40, shape = [n, 15, 17, 3] as const;
  const images = Uint8Array.from({ length: n * 15 * 17 * 3 }, () => 256 * random());
  const rows = Uint32Array.from({ length: 60 }, () => n * random());
  const all = { flip: true, shift: 4, cutout: 8, brightness: 0.5 };
  // Digests of what the first implementation gave, one image after the other in plain TypeScript.
  assert.equal(
    digest(augmented({ images, shape }, rows, all, 123456789).images as Uint8Array),
    "77f90dc6af0d5e15f836701f0c707b2e34cd2d2e4ca15bd4e627fbcb7157046e",
  );
  const floats = Float32Array.from(images), moved = { flip: true, shift: 4, cutout: 5 };
  const { buffer } = augmented({ images: floats, shape }, rows, moved, 987654321).images;
  assert.equal(
    digest(new Uint8Array(buffer as ArrayBuffer)),
    "7a1a17999bf8a4808ad8fa85d6a7b0d97e025b3f2374a6d354e1e6239fbaf5af",
  );
});

Deno.test("What chance does to images is spread as promised", () => {
  const augment = { flip: true, shift: 2, cutout: 3, brightness: 0.4 };
  const shape = [1, 6, 8, 3] as const, n = 20_000;
  const draws = Array.from({ length: n }, (_, i) => drawFor(i, 7, augment, shape));
  const isUniform = (values: readonly number[], from: number, to: number) => {
    const kinds = to - from + 1;
    for (let value = from; value <= to; value++) {
      const share = values.filter((each) => each === value).length / n;
      // Five standard deviations of a share.
      assert.ok(Math.abs(share - 1 / kinds) < 5 * Math.sqrt((1 / kinds) * (1 - 1 / kinds) / n));
    }
    assert.ok(values.every((value) => value >= from && value <= to));
  };
  isUniform(draws.map(({ flip }) => Number(flip)), 0, 1);
  isUniform(draws.map(({ shift }) => shift[0]), -2, 2);
  isUniform(draws.map(({ shift }) => shift[1]), -2, 2);
  isUniform(draws.map(({ cutout }) => cutout[0]), 0, 7);
  isUniform(draws.map(({ cutout }) => cutout[1]), 0, 5);
  isUniform(draws.map(({ brightness }) => Math.floor((brightness - 0.6) * 10)), 0, 7);
  // Independent of each other, of the next image and of the next epoch.
  const both = (a: (i: number) => boolean, b: (i: number) => boolean) =>
    draws.filter((_, i) => a(i) && b(i)).length / n;
  const flips = (i: number) => draws[i % n]!.flip;
  assert.ok(Math.abs(both(flips, (i) => draws[i]!.shift[0] > 0) - 0.2) < 0.015);
  assert.ok(Math.abs(both(flips, (i) => flips(i + 1)) - 0.25) < 0.016);
  assert.ok(Math.abs(both(flips, (i) => drawFor(i, 8, augment, shape).flip) - 0.25) < 0.016);
});

Deno.test("What happens to an image depends on its number and the epoch alone, one option not on another", () => {
  const random = seededRandom(4), shape = [9, 5, 5, 3] as const;
  const images = Uint8Array.from({ length: 9 * 75 }, () => 1 + 250 * random());
  const before = images.slice();
  const augment = { flip: true, shift: 1, cutout: 2, brightness: 0.2 };
  const all = augmented({ images, shape }, [0, 1, 2, 3, 4, 5, 6, 7, 8], augment, 5).images;
  const some = augmented({ images, shape }, [7, 2], augment, 5);
  assert.deepEqual(some.shape, [2, 5, 5, 3]);
  assert.deepEqual(some.images.slice(0, 75), all.slice(7 * 75, 8 * 75));
  assert.deepEqual(some.images.slice(75), all.slice(2 * 75, 3 * 75));
  assert.deepEqual(images, before);
  const other = augmented({ images, shape }, [7, 2], augment, 6).images;
  assert.notDeepEqual(other, some.images);
  for (let i = 0; i < 9; i++) {
    const [a, b] = [drawFor(i, 5, augment, shape), drawFor(i, 5, { flip: true }, shape)];
    assert.equal(a.flip, b.flip);
    assert.deepEqual(a.cutout, b.cutout);
  }
  // Floats are moved as bytes are.
  const moved = { flip: true, shift: 1, cutout: 2 };
  const floats = augmented({ images: Float32Array.from(images), shape }, [3], moved, 5).images;
  assert.deepEqual([...floats], [...augmented({ images, shape }, [3], moved, 5).images]);
});

Deno.test("trainCnn() augments what it learns from, and leaves validation alone; same seed, same weights", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const random = seededRandom(3);
  const data = {
    images: Uint8Array.from({ length: 20 * 192 }, () => 256 * random()),
    labels: Uint8Array.from({ length: 20 }, () => 2 * random()),
    shape: [20, 8, 8, 3] as const,
  };
  const train = async (augment: Augment, learningRate?: number) => {
    const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
    const options = { epochs: 2, batchSize: 6, seed: 2, augment, learningRate };
    const { loss, valLoss } = await trainCnn(model, data, options);
    const weights = model.getWeights().map((w: tf.Tensor) => [...w.dataSync()]);
    model.dispose();
    return { loss, valLoss, weights };
  };
  const plain = await train({});
  assert.deepEqual(await train({ flip: false, shift: 0, cutout: 0, brightness: 0 }), plain);
  const all = { flip: true, shift: 2, cutout: 3, brightness: 0.3 };
  assert.deepEqual(await train(all), await train(all));
  for (const [name, value] of Object.entries(all)) {
    assert.notDeepEqual((await train({ [name]: value })).weights, plain.weights, name);
  }
  // Weights that stay the same tell the images apart: other losses in training, the same in validation.
  const [still, stillPlain] = [await train(all, 0), await train({}, 0)];
  assert.notDeepEqual(still.loss, stillPlain.loss);
  assert.notEqual(still.loss[0], still.loss[1]);
  assert.deepEqual(still.valLoss, stillPlain.valLoss);

  const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
  const floats = { ...data, images: Float32Array.from(data.images) };
  const refused: [object, typeof data | typeof floats, RegExp][] = [
    [{ flipp: true }, data, /augment has no option "flipp": did you mean "flip"/],
    [{ flip: 1 }, data, /flip must be true or false, got 1/],
    [{ shift: 1.5 }, data, /shift must be a whole number .* got 1.5/],
    [{ shift: 8 }, data, /a shift of 8 leaves nothing of 8 × 8 images/],
    [{ cutout: 8 }, data, /a cutout of 8 leaves nothing of some 8 × 8 images/],
    [{ brightness: 2 }, data, /brightness must be a number from 0 to 1, got 2/],
    [{ brightness: 0.1 }, floats, /brightness is of bytes/],
  ];
  for (const [augment, set, message] of refused) {
    await assert.rejects(trainCnn(model, set, { augment }), message);
  }
  await assert.rejects(
    trainCnn(model, data, { augment: true as never }),
    /augment must be an object/,
  );
});
