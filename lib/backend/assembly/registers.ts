// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Thirty-six vectors that a thread keeps between the two passes of a transform. They are globals, so each
// thread has its own; unlike memory, they cost no check of bounds. Their numbers must be constants, which
// the compiler turns into the global itself.

let k0 = f32x4.splat(0); let k1 = f32x4.splat(0); let k2 = f32x4.splat(0);
let k3 = f32x4.splat(0); let k4 = f32x4.splat(0); let k5 = f32x4.splat(0);
let k6 = f32x4.splat(0); let k7 = f32x4.splat(0); let k8 = f32x4.splat(0);
let k9 = f32x4.splat(0); let k10 = f32x4.splat(0); let k11 = f32x4.splat(0);
let k12 = f32x4.splat(0); let k13 = f32x4.splat(0); let k14 = f32x4.splat(0);
let k15 = f32x4.splat(0); let k16 = f32x4.splat(0); let k17 = f32x4.splat(0);
let k18 = f32x4.splat(0); let k19 = f32x4.splat(0); let k20 = f32x4.splat(0);
let k21 = f32x4.splat(0); let k22 = f32x4.splat(0); let k23 = f32x4.splat(0);
let k24 = f32x4.splat(0); let k25 = f32x4.splat(0); let k26 = f32x4.splat(0);
let k27 = f32x4.splat(0); let k28 = f32x4.splat(0); let k29 = f32x4.splat(0);
let k30 = f32x4.splat(0); let k31 = f32x4.splat(0); let k32 = f32x4.splat(0);
let k33 = f32x4.splat(0); let k34 = f32x4.splat(0); let k35 = f32x4.splat(0);

/** Keeps a vector. */
@global @inline
function keep(i: i32, v: v128): void {
  if (i == 0) k0 = v;
  else if (i == 1) k1 = v;
  else if (i == 2) k2 = v;
  else if (i == 3) k3 = v;
  else if (i == 4) k4 = v;
  else if (i == 5) k5 = v;
  else if (i == 6) k6 = v;
  else if (i == 7) k7 = v;
  else if (i == 8) k8 = v;
  else if (i == 9) k9 = v;
  else if (i == 10) k10 = v;
  else if (i == 11) k11 = v;
  else if (i == 12) k12 = v;
  else if (i == 13) k13 = v;
  else if (i == 14) k14 = v;
  else if (i == 15) k15 = v;
  else if (i == 16) k16 = v;
  else if (i == 17) k17 = v;
  else if (i == 18) k18 = v;
  else if (i == 19) k19 = v;
  else if (i == 20) k20 = v;
  else if (i == 21) k21 = v;
  else if (i == 22) k22 = v;
  else if (i == 23) k23 = v;
  else if (i == 24) k24 = v;
  else if (i == 25) k25 = v;
  else if (i == 26) k26 = v;
  else if (i == 27) k27 = v;
  else if (i == 28) k28 = v;
  else if (i == 29) k29 = v;
  else if (i == 30) k30 = v;
  else if (i == 31) k31 = v;
  else if (i == 32) k32 = v;
  else if (i == 33) k33 = v;
  else if (i == 34) k34 = v;
  else if (i == 35) k35 = v;
}

/** What was kept last. */
@global @inline
function kept(i: i32): v128 {
  if (i == 0) return k0;
  if (i == 1) return k1;
  if (i == 2) return k2;
  if (i == 3) return k3;
  if (i == 4) return k4;
  if (i == 5) return k5;
  if (i == 6) return k6;
  if (i == 7) return k7;
  if (i == 8) return k8;
  if (i == 9) return k9;
  if (i == 10) return k10;
  if (i == 11) return k11;
  if (i == 12) return k12;
  if (i == 13) return k13;
  if (i == 14) return k14;
  if (i == 15) return k15;
  if (i == 16) return k16;
  if (i == 17) return k17;
  if (i == 18) return k18;
  if (i == 19) return k19;
  if (i == 20) return k20;
  if (i == 21) return k21;
  if (i == 22) return k22;
  if (i == 23) return k23;
  if (i == 24) return k24;
  if (i == 25) return k25;
  if (i == 26) return k26;
  if (i == 27) return k27;
  if (i == 28) return k28;
  if (i == 29) return k29;
  if (i == 30) return k30;
  if (i == 31) return k31;
  if (i == 32) return k32;
  if (i == 33) return k33;
  if (i == 34) return k34;
  return k35;
}

/** Stores a vector, or keeps it if there is no place (the constant 0). */
@global @inline
function put(i: i32, to: usize, v: v128): void {
  if (to == 0) keep(i, v);
  else v128.store(to, v);
}
