import { isObject, sha256 } from "../base/text.ts";
import { SERVER_MEMBER } from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import { checkProvider, FOREIGN } from "../providers/define_provider.ts";
import type { ClientAuthentication, Endpoints, Grant, Provider } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readObject } from "../store/credentials_file.ts";
import { configDirectories, joinPath, parentPath, readSafely, storeError } from "../store/disk.ts";
import { writePrivateFile } from "../store/private_file.ts";
import { REDIRECT_URI } from "./register_client.ts";
import { parseAddress, titleOf } from "./resource_metadata.ts";

/**
 * What this module learned about an API from its address, and the file that holds it: `<name>.json` in the
 * system's own folder. The client ID is not in it: it is saved like any other system's app credentials.
 *
 * @module
 */

/** How a client with a secret authenticates. */
export type SecretAuthentication = "client_secret_basic" | "client_secret_post";

/** What an API and its authorization server said, after a person agreed to it. */
export interface Learnt {
  /** The API's address, as it was first given. */
  readonly address: string;
  /** The issuer, character for character. */
  readonly issuer: string;
  /** The resource to request tokens for (RFC 8707). */
  readonly resource: string;
  /** The scopes that the API asks for, separated by spaces. */
  readonly asked?: string | undefined;
  readonly scope?: string | undefined;
  readonly grant: Grant;
  readonly endpoints: Endpoints;
  readonly clientAuthentication: ClientAuthentication;
  /** The same, for a client that has a secret. */
  readonly confidentialMethod?: SecretAuthentication | undefined;
  /** The registration endpoint (RFC 7591). */
  readonly registration?: string | undefined;
  readonly dpop?: boolean | undefined;
  readonly documentation?: string | undefined;
}

/**
 * The name of the system at an address. Its folder and the prefix of its variables come from it. No two
 * addresses share a name, and no name is that of another program.
 */
export async function nameOf(address: URL): Promise<string> {
  const words = address.host.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);
  return `${words || "api"}-${(await sha256(identityOf(address))).slice(0, 10)}`;
}

/** An address without the parts that make no difference. */
function identityOf({ origin, pathname }: URL): string {
  return `${origin}${pathname.replace(/\/+$/, "")}/`;
}

/** Where an address is saved: the file, and the system's own folder. */
export async function placeOf(
  runtime: Runtime,
  address: URL,
  directory: string | undefined,
): Promise<{ name: string; path: string | undefined }> {
  const name = await nameOf(address);
  const [folder] = configDirectories(runtime, name, directory);
  return {
    name,
    path: folder === undefined ? undefined : joinPath(runtime, folder, `${name}.json`),
  };
}

/** The system that was learned. */
export async function systemOf(learnt: Learnt): Promise<Provider> {
  const { address, asked: _, registration: __, confidentialMethod: ___, ...definition } = learnt;
  const url = parseAddress(address);
  const provider = checkProvider({
    ...definition,
    name: await nameOf(url),
    title: titleOf(url),
    apiUrl: url.href,
    // The file has all that is needed, so a start reads no metadata.
    discovery: false,
    ...(learnt.grant === "authorization_code" ? { redirectUri: REDIRECT_URI } : {}),
  });
  // Credentials that name no server are not sent to a server that an API has named.
  return { ...provider, [FOREIGN]: true } as Provider;
}

/**
 * Reads what is saved for an address; `undefined` if there is nothing.
 *
 * @throws {AuthError} `credentials_damaged`, naming the file; disk errors
 */
export async function readLearnt(
  runtime: Runtime,
  path: string | undefined,
  address: URL,
): Promise<Learnt | undefined> {
  if (path === undefined) return undefined;
  const advice = "Remove it, and sign in again.";
  const saved = await readObject(runtime, path, "file", advice, readSafely);
  if (saved === null) return undefined;
  const { [SERVER_MEMBER]: server, ...learnt } = saved;
  try {
    const { address: own, issuer, endpoints, grant } = learnt;
    const isWhole = typeof own === "string" && typeof issuer === "string" && isObject(endpoints) &&
      (grant === "authorization_code" || grant === "device_code") &&
      new URL(issuer).origin === server && identityOf(new URL(own)) === identityOf(address);
    if (!isWhole) throw new TypeError("not what was saved");
    await systemOf(learnt as unknown as Learnt);
    return learnt as unknown as Learnt;
  } catch (cause) {
    throw new AuthError(
      "credentials_damaged",
      `The file "${path}" does not say how to sign in to ${titleOf(address)}. ${advice}`,
      { cause },
    );
  }
}

/**
 * The nearest saved address above a URL; `undefined` if there is none.
 *
 * @throws {AuthError} as {@linkcode readLearnt}
 */
export async function savedAbove(
  runtime: Runtime,
  url: URL,
  directory: string | undefined,
): Promise<string | undefined> {
  const segments = url.pathname.split("/").filter((segment) => segment !== "").slice(
    0,
    MOST_SEGMENTS,
  );
  for (let count = segments.length; count >= 0; count--) {
    const address = new URL(`/${segments.slice(0, count).join("/")}`, url.origin);
    const { path } = await placeOf(runtime, address, directory);
    const learnt = await readLearnt(runtime, path, address);
    if (learnt) return learnt.address;
  }
  return undefined;
}

/** How many path segments are searched at most. */
const MOST_SEGMENTS = 20;

/**
 * Saves what was learned, readable only by its owner.
 *
 * @throws {AuthError} `store_unavailable`, `permission_denied`
 */
export async function saveLearnt(runtime: Runtime, path: string, learnt: Learnt): Promise<void> {
  const saved = { ...learnt, [SERVER_MEMBER]: new URL(learnt.issuer).origin };
  try {
    await writePrivateFile(runtime, path, `${JSON.stringify(saved, null, 2)}\n`);
  } catch (error) {
    throw storeError(runtime, error, `write "${path}"`, parentPath(path));
  }
}
