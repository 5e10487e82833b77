import assert from "node:assert/strict";
import { type Displays, OutputCollector } from "../../lib/report/collect_outputs.ts";
import type { Message } from "../../lib/report/kernel.ts";
import type { Output } from "../../lib/report/notebook.ts";

function message(type: string, content: Record<string, unknown>): Message {
  return { header: { msg_id: "1", msg_type: type }, parent_header: {}, content };
}

function collect(...messages: Message[]): Output[] {
  const collector = new OutputCollector(new Map());
  for (const each of messages) collector.add(each);
  return collector.outputs;
}

const stream = (text: string, name = "stdout") => message("stream", { name, text });

Deno.test("OutputCollector joins the parts of a stream, and keeps streams apart", () => {
  assert.deepEqual(collect(stream("a\n"), stream("b\n"), stream("c\n", "stderr"), stream("d\n")), [
    { output_type: "stream", name: "stdout", text: "a\nb\n" },
    { output_type: "stream", name: "stderr", text: "c\n" },
    { output_type: "stream", name: "stdout", text: "d\n" },
  ]);
});

Deno.test("OutputCollector stores only the last state of a progress line", () => {
  const outputs = collect(stream("\r10 %"), stream("\r55 %"), stream("\r100 %\n"));
  assert.deepEqual(outputs, [{ output_type: "stream", name: "stdout", text: "100 %\n" }]);
});

Deno.test("OutputCollector updates a display of an earlier cell", () => {
  const displays: Displays = new Map();
  const first = new OutputCollector(displays), second = new OutputCollector(displays);
  const transient = { display_id: "d" };
  first.add(message("display_data", { data: { "text/plain": "1" }, metadata: {}, transient }));
  second.add(
    message("update_display_data", { data: { "text/plain": "2" }, metadata: { a: 1 }, transient }),
  );
  assert.deepEqual(first.outputs, [
    { output_type: "display_data", data: { "text/plain": "2" }, metadata: { a: 1 } },
  ]);
  assert.deepEqual(second.outputs, []);
});

Deno.test("OutputCollector clears outputs at once, or with the next one", () => {
  const clear = (wait: boolean) => message("clear_output", { wait });
  assert.deepEqual(collect(stream("a"), clear(false)), []);
  assert.equal(collect(stream("a"), clear(true)).length, 1);
  assert.deepEqual(collect(stream("a"), clear(true), stream("b")), [
    { output_type: "stream", name: "stdout", text: "b" },
  ]);
});

Deno.test("OutputCollector updates all displays of an id, results and later ones too", () => {
  const transient = { display_id: "d" };
  const shown = (text: string) => ({ data: { "text/plain": text }, metadata: {}, transient });
  const outputs = collect(
    message("display_data", shown("1")),
    message("execute_result", { ...shown("2"), execution_count: 3 }),
    message("update_display_data", shown("3")),
  );
  assert.deepEqual(outputs, [
    { output_type: "display_data", data: { "text/plain": "3" }, metadata: {} },
    {
      output_type: "execute_result",
      data: { "text/plain": "3" },
      metadata: {},
      execution_count: 3,
    },
  ]);
  // As in nbclient, a display with an id that is there already changes the earlier ones.
  const two = collect(message("display_data", shown("1")), message("display_data", shown("2")));
  assert.deepEqual(two.map((output) => (output as { data: unknown }).data), [
    { "text/plain": "2" },
    { "text/plain": "2" },
  ]);
});

Deno.test("OutputCollector makes outputs of the format of whatever a cell sends", () => {
  const odd = collect(
    message("stream", { name: "stdout" }),
    message("stream", { name: `"><b>`, text: "x\n" }),
    message("display_data", { data: null, metadata: [] }),
    message("display_data", { data: { "text/html": 5 } }),
    message("execute_result", { execution_count: "<b>" }),
    message("error", { traceback: "one line" }),
    message("update_display_data", {}),
    message("comm_msg", {}),
  );
  assert.deepEqual(odd, [
    {
      output_type: "stream",
      name: "stderr",
      text: "(A cell sent a message of type stream without text)\n",
    },
    { output_type: "stream", name: "stdout", text: "x\n" },
    { output_type: "display_data", data: {}, metadata: {} },
    { output_type: "display_data", data: { "text/html": 5 }, metadata: {} },
    { output_type: "execute_result", data: {}, metadata: {}, execution_count: null },
    { output_type: "error", ename: "Error", evalue: "", traceback: ["one line"] },
  ]);
});

Deno.test("OutputCollector lets an error stand behind what the kernel sends late", () => {
  const error = { ename: "Error", evalue: "e", traceback: [] };
  assert.deepEqual(collect(stream("a\n"), message("error", error), stream("b\n")), [
    { output_type: "stream", name: "stdout", text: "a\nb\n" },
    { output_type: "error", ...error },
  ]);
});
