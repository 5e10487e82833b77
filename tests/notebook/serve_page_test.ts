import assert from "node:assert/strict";
import { servePage } from "../../lib/notebook/serve_page.ts";

Deno.test({
  name: "servePage() serves the last pages, sandboxed, to those who know their addresses",
  // The server stays for the life of the process.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const addresses = Array.from({ length: 5 }, (_, i) => servePage(`<p>${i}</p>`)!);
    const answers = [];
    for (const address of [...addresses, new URL("/", addresses[0]).href]) {
      const response = await fetch(address);
      answers.push([response.status, await response.text()]);
      if (response.ok) {
        assert.equal(response.headers.get("content-security-policy"), "sandbox allow-scripts");
      }
    }
    assert.deepEqual(answers.map(([status]) => status), [404, 200, 200, 200, 200, 404]);
    assert.equal(answers[4]![1], "<p>4</p>");
    assert.ok(addresses.every((address) => new URL(address).hostname === "127.0.0.1"));
    assert.equal(new Set(addresses).size, 5);
  },
});
