import { SCRATCH_BYTES } from "../../compute/pool.ts";

/** Fewest tasks that keep a few threads busy evenly. */
const WANTED_TASKS = 16;

/** Rows of padded images as a kernel sees them. */
export interface PaddedImages {
  /** Bytes of a padded row. */
  readonly rowBytes: number;
  /** Padded rows that a row of results sees. */
  readonly reach: number;
  readonly stride: number;
  readonly outHeight: number;
  readonly images: number;
}

/**
 * Cuts images in bands of rows of results, so that a band's padded rows fit a thread's scratch memory and
 * all threads have work; undefined if not even one row of results fits.
 */
export function bandsOf(
  { rowBytes, reach, stride, outHeight, images }: PaddedImages,
): { bands: number; rows: number } | undefined {
  const most = Math.floor((SCRATCH_BYTES / rowBytes - reach) / stride) + 1;
  if (most < 1) return undefined;
  const wanted = Math.ceil(outHeight / Math.ceil(WANTED_TASKS / images));
  const rows = Math.max(1, Math.min(most, wanted, outHeight));
  return { bands: Math.ceil(outHeight / rows), rows };
}
