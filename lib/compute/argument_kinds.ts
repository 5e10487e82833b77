/**
 * What kernels can be given, and how it is checked and laid out.
 *
 * @module
 */
import { describe } from "../base/check.ts";
import { isInMemory } from "./memory.ts";

/** The typed arrays by the elements that a kernel reads behind an address. */
interface Views {
  "f32*": Float32Array;
  "f64*": Float64Array;
  "i32*": Int32Array;
  "u32*": Uint32Array;
  "u8*": Uint8Array;
}

/** Values that are handed over as they are. */
interface Values {
  /** A whole number of 32 bits. */
  i32: number;
  u32: number;
  f32: number;
  /** 1 or 0 in the kernel. */
  bool: boolean;
}

/**
 * What an argument is: a value, or a view of the shared memory (`"f32*"`), which may be absent where a
 * question mark follows (`"f32*?"`: null is address 0 in the kernel).
 */
export type ArgumentKind = keyof Views | keyof Values | `${keyof Views}?`;

/** What goes to the int32 words. */
export type WordKind = Exclude<ArgumentKind, "f32">;

/** A kernel's arguments by name, in their order: float32 values among themselves, and all others. */
export type Signature = Readonly<Record<string, ArgumentKind>>;

/** What a kernel of a signature is called with. */
export type Arguments<S extends Signature> = {
  readonly [K in keyof S]: S[K] extends keyof Views ? Views[S[K]]
    : S[K] extends keyof Values ? Values[S[K]]
    : S[K] extends `${infer V extends keyof Views}?` ? Views[V] | null
    : never;
};

const CLASSES = {
  "f32*": Float32Array,
  "f64*": Float64Array,
  "i32*": Int32Array,
  "u32*": Uint32Array,
  "u8*": Uint8Array,
} as const;

/** What turns an argument into the int32 word that the kernel reads. */
export function wordOf(name: string, kind: WordKind): (value: unknown) => number {
  switch (kind) {
    case "i32":
      return (value) => {
        if (typeof value === "number" && (value | 0) === value) return value;
        throw wrongNumber(name, value, "a whole number from -2³¹ to 2³¹ − 1");
      };
    case "u32":
      return (value) => {
        if (typeof value === "number" && (value >>> 0) === value) return value | 0;
        throw wrongNumber(name, value, "a whole number from 0 to 2³² − 1");
      };
    case "bool":
      return (value) => {
        if (typeof value === "boolean") return value ? 1 : 0;
        throw wrong(name, "true or false", value);
      };
    default: {
      const isOptional = kind.endsWith("?");
      const View = CLASSES[kind.replace("?", "") as keyof Views];
      return (value) => {
        if (value instanceof View && isInMemory(value)) return value.byteOffset;
        if (isOptional && value === null) return 0;
        throw wrong(
          name,
          `a ${View.name} in the shared memory${isOptional ? " or null" : ""}`,
          value,
        );
      };
    }
  }
}

function wrongNumber(name: string, value: unknown, wanted: string): Error {
  return typeof value === "number"
    ? new RangeError(`${name} must be ${wanted}, got ${value}`)
    : wrong(name, wanted, value);
}

export function wrong(name: string, wanted: string, value: unknown): TypeError {
  const got = ArrayBuffer.isView(value)
    ? `a ${value.constructor.name}${isInMemory(value) ? "" : " elsewhere"}`
    : describe(value);
  return new TypeError(`${name} must be ${wanted}, got ${got}`);
}
