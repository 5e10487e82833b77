import assert from "node:assert/strict";
import {
  collapseReturns,
  type Displays,
  OutputCollector,
} from "../../lib/report/collect_outputs.ts";
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

Deno.test("collapseReturns() keeps what a terminal would show", () => {
  assert.equal(collapseReturns("10 %\r20 %\r100 %\n"), "100 %\n");
  assert.equal(collapseReturns("a long line\rshort\n"), "shortg line\n");
  assert.equal(collapseReturns("Windows\r\nlines\r\n"), "Windows\nlines\n");
  assert.equal(collapseReturns("kept  \nas is"), "kept  \nas is");
});

Deno.test("collapseReturns() lets a later part write over an open line", () => {
  assert.equal(collapseReturns(collapseReturns("first\r") + "FI"), "FIrst");
});

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
