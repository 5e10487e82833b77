/** Pages that are kept for the browser, at most: they may be large. */
const KEPT = 4;

const pages = new Map<string, string>();
let server: Deno.HttpServer<Deno.NetAddr> | undefined;

/**
 * Serves a page to the browser in which a notebook is shown: a page of many megabytes would exceed the
 * rate at which Jupyter passes outputs on, and swell the notebook when it is saved. It can be reached from
 * this machine alone, by those who know its address, as long as this process runs and until several others
 * have been served. Its scripts run in a sandbox: they reach nothing beside it.
 *
 * @returns Its address; undefined if nothing may be served
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { servePage } from "./serve_page.ts";
 *
 * const address = servePage("<p>Here</p>")!;
 * const response = await fetch(address);
 * assert.equal(await response.text(), "<p>Here</p>");
 * ```
 */
export function servePage(html: string): string | undefined {
  try {
    server ??= Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, respond);
  } catch {
    return undefined;
  }
  // It must not keep a program running.
  server.unref();
  const id = crypto.randomUUID();
  pages.set(id, html);
  if (pages.size > KEPT) pages.delete(pages.keys().next().value!);
  return `http://127.0.0.1:${server.addr.port}/${id}`;
}

function respond(request: Request): Response {
  const page = pages.get(new URL(request.url).pathname.slice(1));
  return page === undefined ? new Response("It is no longer there", { status: 404 }) : new Response(
    page,
    {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "sandbox allow-scripts",
        "cache-control": "no-store",
      },
    },
  );
}
