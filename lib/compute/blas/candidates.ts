/** The libraries by the names under which systems install them, in the order in which they are tried. */
const NAMES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  darwin: ["/System/Library/Frameworks/Accelerate.framework/Accelerate"],
  linux: [
    "libopenblas.so.0",
    "libopenblas.so",
    "libblis.so.4",
    "libblis.so",
    "libmkl_rt.so.2",
    "libmkl_rt.so",
  ],
};

/** Which libraries to try. */
export interface Candidates {
  readonly paths: readonly string[];
  /** Whether `COMPUTE_BLAS` names one: it is then used even where it does not win. */
  readonly isWanted: boolean;
}

/** What `COMPUTE_BLAS` says: a path, or `off` for none; without it the usual names of the system. */
export function blasCandidates(): Candidates {
  const wanted = Deno.env.get("COMPUTE_BLAS")?.trim();
  if (wanted === "off") return { paths: [], isWanted: false };
  if (wanted) return { paths: [wanted], isWanted: true };
  return { paths: NAMES[Deno.build.os] ?? [], isWanted: false };
}

/** Whether libraries may be opened without a question to the user; a permission for one path is too little. */
export function mayOpenLibraries(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}
