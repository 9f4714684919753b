import { AuthError } from "../errors.ts";
import { defineForeign } from "../providers/foreign_definition.ts";
import type { Provider } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readDocument } from "../store/read_document.ts";

/** See `readProvider` of `verbs.ts`. */
export async function readProvider(runtime: Runtime, file: string | URL): Promise<Provider> {
  const path = pathOf(file);
  const text = await readDocument(runtime, path, "file");
  let input: unknown;
  try {
    // Windows editors begin a file with a byte order mark.
    input = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    throw new AuthError("invalid_argument", `"${path}" is not JSON. See defineProvider.`);
  }
  return defineForeign(input);
}

function pathOf(file: string | URL): string {
  if (file instanceof URL && file.protocol === "file:" && file.host === "") {
    const path = decodeURIComponent(file.pathname);
    return /^\/[a-z]:\//i.test(path) ? path.slice(1) : path;
  }
  if (typeof file === "string" && file !== "") return file;
  throw new AuthError("invalid_argument", "readProvider needs the path of a JSON file.");
}
