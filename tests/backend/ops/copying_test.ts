import * as tf from "@tensorflow/tfjs";
import { compareWithCpu, type Draw, tensorOf } from "./against_cpu.ts";

/** A tensor of any type that kernels move. */
function drawn(draw: Draw, rank: number) {
  const dtype = draw.pick("float32", "float32", "int32", "bool") as tf.DataType;
  const high = dtype === "bool" ? 1 : 100;
  const values = draw.tensor(draw.shape(rank), { low: 0, high, whole: dtype !== "float32" });
  return { ...values, make: () => tensorOf(values, dtype) };
}

const exact = (what: string, run: () => tf.Tensor | tf.Tensor[]) => ({ what, tolerance: 0, run });

Deno.test("transpose() equals the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const rank = draw.whole(2, 5), x = drawn(draw, rank);
    const order = Array.from({ length: rank }, (_, i) => i).sort(() => draw.random() - 0.5);
    return exact(`${x.shape} by ${order}`, () => tf.transpose(x.make(), order));
  }, { mayFall: [tf.Transpose] });
});

Deno.test("slice(), stridedSlice() and reverse() equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const rank = draw.whole(1, 5), x = drawn(draw, rank);
    const begin = x.shape.map((length) => draw.whole(0, Math.max(0, length - 1)));
    const size = x.shape.map((length, i) => draw.whole(Math.min(1, length), length - begin[i]!));
    const end = begin.map((from, i) => from + size[i]!);
    const strides = begin.map(() => draw.whole(1, 3));
    const axes = begin.map((_, i) => i).filter(() => draw.random() < 0.5);
    return exact(`${x.shape} from ${begin}, ${size}`, () => [
      tf.slice(x.make(), begin, size),
      ...(tf.util.sizeFromShape(size) > 0 ? [tf.stridedSlice(x.make(), begin, end, strides)] : []),
      tf.reverse(x.make(), axes),
    ]);
  }, { seed: 3, mayFall: [tf.Slice, tf.StridedSlice, tf.Reverse] });
});

Deno.test("pad() and tile() equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const rank = draw.whole(1, 4), x = drawn(draw, rank);
    const paddings = x.shape.map(() => [draw.whole(0, 3), draw.whole(0, 3)] as [number, number]);
    const reps = x.shape.map(() => draw.whole(1, 3));
    const value = draw.pick(0, 0, 1.5, -7);
    return exact(`${x.shape} ${paddings} ${reps}`, () => [
      tf.pad(tf.cast(x.make(), "float32"), paddings, value),
      tf.tile(x.make(), reps),
    ]);
  }, { mayFall: [tf.PadV2, tf.Tile, tf.Cast] });
});

Deno.test("concat() and stack() equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const rank = draw.whole(1, 4), axis = draw.whole(0, rank - 1), first = drawn(draw, rank);
    const parts = [
      first.shape,
      ...Array.from(
        { length: draw.whole(1, 3) },
        () => first.shape.map((length, i) => i === axis ? draw.whole(0, 5) : length),
      ),
    ].map((shape) => draw.tensor(shape));
    return exact(`${parts.map(({ shape }) => shape.join("×"))} at ${axis}`, () => [
      tf.concat(parts.map((part) => tensorOf(part)), axis),
      tf.stack([tensorOf(parts[0]!), tensorOf(parts[0]!)], axis),
    ]);
  }, { mayFall: [tf.Concat, tf.Pack, "Pack"] });
});

Deno.test("gather() equals the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const rank = draw.whole(1, 4), axis = draw.whole(0, rank - 1);
    const x = draw.tensor(draw.shape(rank, { empty: false }));
    const count = draw.whole(1, 20);
    const indices = Array.from({ length: count }, () => draw.whole(0, x.shape[axis]! - 1));
    return exact(
      `${x.shape} at ${axis}`,
      () => tf.gather(tensorOf(x), tf.tensor1d(indices, "int32"), axis),
    );
  });
});

Deno.test("split() and unstack() equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const rank = draw.whole(1, 4), axis = draw.whole(0, rank - 1), x = drawn(draw, rank);
    const length = x.shape[axis]!, sizes: number[] = [];
    for (let left = length; left > 0; left -= sizes.at(-1)!) sizes.push(draw.whole(1, left));
    return exact(`${x.shape} at ${axis} in ${sizes}`, () => [
      ...(length > 0 ? tf.split(x.make(), sizes, axis) : []),
      ...(length > 0 ? tf.split(x.make(), length, axis - rank) : []),
      ...(length > 0 ? tf.unstack(x.make(), axis) : []),
    ]);
  }, { seed: 4, mayFall: [tf.SplitV, tf.Unpack, "Cast"] });
});

Deno.test("Sums of rows by segments equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const rows = draw.pick(1, 2, draw.whole(1, 300)), segments = draw.whole(1, 20);
    const x = draw.tensor([rows, ...draw.shape(draw.whole(0, 2), { empty: false })]);
    const ids = Array.from({ length: rows }, () => draw.whole(0, segments + 1));
    return {
      what: `${x.shape} in ${segments}`,
      tolerance: 1e-5,
      run: () => tf.unsortedSegmentSum(tensorOf(x), tf.tensor1d(ids, "int32"), segments),
    };
  }, { seed: 5 });
});
