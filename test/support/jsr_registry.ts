import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** A registry on this machine that has one package. */
export interface JsrRegistry extends AsyncDisposable {
  /** For Deno's variable `JSR_URL`. */
  readonly url: string;
}

/** The manifest of a package for JSR. */
interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string>;
}

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".ts": "text/typescript",
  ".json": "application/json",
};

/** Serves a package folder as JSR does (docs at jsr.io/docs/api, "Registry API"). */
export async function serveJsr(directory: string): Promise<JsrRegistry> {
  const manifest = JSON.parse(await readFile(join(directory, "deno.json"), "utf8")) as Manifest;
  const { name, version, exports } = manifest;
  const [scope, bare] = name.slice(1).split("/");
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(directory, path).replaceAll("\\", "/")}`, await Deno.readFile(path));
  }
  const entries = Array.from(files, ([path, bytes]) => {
    const checksum = `sha256-${createHash("sha256").update(bytes).digest("hex")}`;
    return [path, { size: bytes.length, checksum }] as const;
  });
  const pages: Record<string, unknown> = {
    [`/${name}/meta.json`]: { scope, name: bare, latest: version, versions: { [version]: {} } },
    [`/${name}/${version}_meta.json`]: { manifest: Object.fromEntries(entries), exports },
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const { pathname } = new URL(url);
    if (Object.hasOwn(pages, pathname)) return Response.json(pages[pathname]);
    const path = pathname.slice(`/${name}/${version}`.length);
    const bytes = pathname.startsWith(`/${name}/${version}/`) ? files.get(path) : undefined;
    if (bytes === undefined) return new Response(null, { status: 404 });
    const type = TYPES[path.slice(path.lastIndexOf("."))] ?? "text/plain";
    return new Response(bytes, { headers: { "content-type": type } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
