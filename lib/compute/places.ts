/**
 * Where values lie, for tables in which kernels look blocks up that are not arguments of their own.
 *
 * @module
 */
declare const PLACE: unique symbol;

/** Where a value lies in the shared memory; it says nothing to anybody but a kernel. */
export type Place = number & { readonly [PLACE]?: true };

/** What no value has as its place. */
export const NOWHERE: Place = 0;

/** The place of a view's element. */
export function placeOf(view: ArrayBufferView & { BYTES_PER_ELEMENT: number }, element = 0): Place {
  return view.byteOffset + element * view.BYTES_PER_ELEMENT;
}
