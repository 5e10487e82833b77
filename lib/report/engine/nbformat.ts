/**
 * The notebook format, version 4 (https://nbformat.readthedocs.io), as a JSON schema: what Jupyter writes
 * and reads. Fields that are not named here may be there.
 *
 * @module
 */
import { Ajv, type ErrorObject } from "ajv";

const text = { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] };
const count = { anyOf: [{ type: "integer", minimum: 0 }, { type: "null" }] };
const metadata = { type: "object" };
const bundle = { type: "object" };

const output = {
  type: "object",
  required: ["output_type"],
  discriminator: { propertyName: "output_type" },
  oneOf: [
    {
      properties: { output_type: { const: "stream" }, name: { enum: ["stdout", "stderr"] }, text },
      required: ["name", "text"],
    },
    {
      properties: { output_type: { const: "display_data" }, data: bundle, metadata },
      required: ["data", "metadata"],
    },
    {
      properties: {
        output_type: { const: "execute_result" },
        data: bundle,
        metadata,
        execution_count: count,
      },
      required: ["data", "metadata"],
    },
    {
      properties: {
        output_type: { const: "error" },
        ename: { type: "string" },
        evalue: { type: "string" },
        traceback: { type: "array", items: { type: "string" } },
      },
      required: ["ename", "evalue", "traceback"],
    },
  ],
};

const attachments = { type: "object", additionalProperties: { type: "object" } };
const cell = {
  type: "object",
  required: ["cell_type"],
  discriminator: { propertyName: "cell_type" },
  oneOf: [
    {
      properties: {
        cell_type: { const: "code" },
        id: { type: "string" },
        metadata,
        source: text,
        outputs: { type: "array", items: output },
        execution_count: count,
      },
      required: ["metadata", "source", "outputs", "execution_count"],
    },
    ...["markdown", "raw"].map((type) => ({
      properties: {
        cell_type: { const: type },
        id: { type: "string" },
        metadata,
        source: text,
        attachments,
      },
      required: ["metadata", "source"],
    })),
  ],
};

const schema = {
  type: "object",
  properties: {
    nbformat: { const: 4 },
    nbformat_minor: { type: "integer", minimum: 0 },
    metadata,
    cells: { type: "array", items: cell },
  },
  required: ["nbformat", "nbformat_minor", "metadata", "cells"],
};

const validate = new Ajv({ discriminator: true, strict: false, allErrors: false }).compile(schema);

/**
 * What is wrong with a notebook, naming cell and field; `undefined` if nothing is.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { notebookFault } from "./nbformat.ts";
 *
 * const cells = [{ cell_type: "markdown", metadata: {}, source: 5 }];
 * const fault = notebookFault({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells });
 * assert.match(fault!, /^cell 1, source: must be string/);
 * ```
 */
export function notebookFault(notebook: unknown): string | undefined {
  if (validate(notebook)) return undefined;
  return describe(validate.errors![0]!);
}

function describe({ instancePath, message, params }: ErrorObject): string {
  const parts = instancePath.split("/").slice(1);
  const where: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const names: Record<string, string> = { cells: "cell", outputs: "output" };
    const name = names[parts[i]!];
    if (name !== undefined && /^\d+$/.test(parts[i + 1] ?? "")) {
      where.push(`${name} ${Number(parts[++i]) + 1}`);
    } else where.push(parts[i]!);
  }
  const allowed = params["allowedValues"] ?? params["allowedValue"];
  const detail = allowed === undefined ? "" : ` (${JSON.stringify(allowed)})`;
  return `${where.length > 0 ? `${where.join(", ")}: ` : ""}${message}${detail}`;
}
