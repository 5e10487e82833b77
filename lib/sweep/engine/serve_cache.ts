import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { digest } from "../../base/digest.ts";
import { pathOf } from "./kept_files.ts";

/** Where the files of a cache can be had. */
export interface Source {
  readonly url: string;
  readonly token: string;
}

/** A running server. */
export interface CacheServer extends AsyncDisposable {
  readonly source: Source;
}

/** What may be asked for: inputs, and networks by their files. Nothing else of the disk has such a name. */
const PLACE = /^\/(input-[0-9a-f]{16}\.bin|(?:cnn|network)-[0-9a-f]{16}\/[a-z]+\.(?:json|bin))$/;

/**
 * Serves files of the cache to workers that show the token.
 *
 * @param host Where to listen
 * @param address What workers are told, as in `"10.0.0.5:8700"`, if that is not where is listened; its port counts
 */
export function serveCache(host: string, address?: string): CacheServer {
  const token = crypto.randomUUID() + crypto.randomUUID();
  const port = Number(address?.match(/:(\d+)$/)?.[1] ?? 0);
  const server = Deno.serve(
    { hostname: address === undefined ? host : "0.0.0.0", port, onListen() {} },
    (request) => answer(request, token),
  );
  const own = host.includes(":") ? `[${host}]` : host;
  return {
    source: { url: `http://${address ?? `${own}:${server.addr.port}`}`, token },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function answer(request: Request, token: string): Promise<Response> {
  if (!isEqual(request.headers.get("authorization") ?? "", `Bearer ${token}`)) {
    return new Response("The token is missing or wrong", { status: 401 });
  }
  const place = new URL(request.url).pathname.match(PLACE)?.[1];
  if (request.method !== "GET" || place === undefined) {
    return new Response("There is nothing of that name", { status: 404 });
  }
  const path = pathOf(place);
  const file = await Deno.open(path).catch(() => undefined);
  if (!file) return new Response("It is not here", { status: 404 });
  const { size, mtime } = await file.stat();
  const etag = `"${size}-${mtime?.getTime() ?? 0}"`;
  const asked = Number(request.headers.get("range")?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
  const isSame = (request.headers.get("if-range") ?? etag) === etag;
  const begin = isSame && asked < size ? asked : 0;
  await file.seek(begin, Deno.SeekMode.Start);
  return new Response(file.readable, {
    status: begin > 0 ? 206 : 200,
    headers: {
      etag,
      "content-type": "application/octet-stream",
      "content-length": String(size - begin),
      ...(begin > 0 ? { "content-range": `bytes ${begin}-${size - 1}/${size}` } : {}),
    },
  });
}

/** Takes as long for a token that is nearly right as for any other. */
function isEqual(got: string, wanted: string): boolean {
  return timingSafeEqual(Buffer.from(digest(got)), Buffer.from(digest(wanted)));
}
