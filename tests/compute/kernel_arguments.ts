/**
 * How the AssemblyScript sources read their arguments, found with AssemblyScript's own parser, as the
 * oracle for the declarations in TypeScript.
 *
 * @module
 */
import * as asc from "assemblyscript";
import { kernelSources } from "../../lib/compute/kernels/build.ts";

/** One `load<type>(args, offset)`, and the name that it is given. */
export interface Reading {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
}

/** A node of the syntax tree, as far as it is looked at here: all kinds have other fields. */
type Node = Record<string, unknown> & { readonly range: unknown };

interface Function {
  readonly isExported: boolean;
  readonly parameters: readonly string[];
  readonly body: unknown;
}

/** The flag of an exported declaration (`CommonFlags.Export` in AssemblyScript's sources). */
const EXPORTED = 1 << 1;

/**
 * What each exported kernel of a file reads, itself or in functions that it hands its arguments to, by
 * rising offset.
 */
export function kernelArguments(source: string): Map<string, Reading[]> {
  const functions = functionsOf(source);
  const kernels = new Map<string, Reading[]>();
  for (const [name, { isExported }] of functions) {
    if (!isExported) continue;
    const byOffset = new Map<number, Reading>();
    for (const reading of readingsOf(name, "args", functions, new Set())) {
      byOffset.set(reading.offset, byOffset.get(reading.offset) ?? reading);
    }
    kernels.set(name, [...byOffset.values()].sort((a, b) => a.offset - b.offset));
  }
  return kernels;
}

/** What one function of a file reads behind its first argument. */
export function readingsIn(source: string, name: string): Reading[] {
  const functions = functionsOf(source);
  return readingsOf(name, functions.get(name)!.parameters[0]!, functions, new Set());
}

/** {@linkcode kernelArguments} of every room's sources. */
export function allKernelArguments(): Map<string, Reading[]> {
  return new Map(
    [...kernelSources().values()].flatMap((path) => [
      ...kernelArguments(Deno.readTextFileSync(path)),
    ]),
  );
}

function functionsOf(source: string): Map<string, Function> {
  const program = asc.newProgram(asc.newOptions());
  asc.parse(program, source, "kernels.ts", true);
  const { statements } = program.sources[0]!;
  const functions = new Map<string, Function>();
  for (const statement of statements as unknown as Node[]) {
    const signature = statement["signature"] as { parameters: { name: Node }[] } | undefined;
    if (!signature) continue;
    functions.set(textOf(statement["name"])!, {
      isExported: ((statement["flags"] as number) & EXPORTED) !== 0,
      parameters: signature.parameters.map(({ name }) => textOf(name)!),
      body: statement["body"],
    });
  }
  return functions;
}

function readingsOf(
  name: string,
  args: string,
  functions: ReadonlyMap<string, Function>,
  seen: Set<string>,
): Reading[] {
  if (seen.has(name)) return [];
  seen.add(name);
  const found: Reading[] = [];
  const visit = (node: unknown, variable: string | undefined) => {
    if (Array.isArray(node)) return node.forEach((each) => visit(each, variable));
    if (typeof node !== "object" || node === null || !("range" in node)) return;
    const fields = node as Node;
    const isVariable = "initializer" in fields && "name" in fields;
    const inside = isVariable ? textOf(fields["name"]) : variable;
    const operands = fields["args"] as Node[] | undefined;
    if (operands && "expression" in fields) {
      const called = textOf(fields["expression"]);
      const at = operands.findIndex((operand) => textOf(operand) === args);
      if (called === "load" && at === 0) {
        found.push({
          name: inside ?? "",
          type: textOf((fields["typeArguments"] as Node[])[0]!["name"])!,
          offset: Number((operands[1]?.["value"] as { low: number } | undefined)?.low ?? 0),
        });
      } else if (called !== undefined && at >= 0 && functions.has(called)) {
        const parameter = functions.get(called)!.parameters[at]!;
        found.push(...readingsOf(called, parameter, functions, seen));
      }
    }
    for (const [key, value] of Object.entries(fields)) {
      if (key !== "range") visit(value, inside);
    }
  };
  visit(functions.get(name)!.body, undefined);
  return found;
}

/** The text of an identifier, or of the last of a type's names. */
function textOf(node: unknown): string | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  const { text, identifier } = node as { text?: string; identifier?: unknown };
  return text ?? textOf(identifier);
}
