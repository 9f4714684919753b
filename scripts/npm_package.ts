import { copyFile, writeFile } from "node:fs/promises";
import config from "../deno.json" with { type: "json" };

/** The fields of `package.json` that a build tool cannot know. */
export interface PackageFields {
  name: string;
  version: string;
  description: string;
  keywords: string[];
  license: string;
  engines: Record<string, string>;
  sideEffects: false;
  repository?: { type: "git"; url: string };
}

/** Documents to copy from the repository's root, if they exist. */
export const DOCUMENTS = ["README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"];

/** The file that npm links as `onecell`. */
export const COMMAND_FILE = "onecell.mjs";

/**
 * Returns the fields of the package, for both ways to build it.
 *
 * @param repository owner and name on GitHub. The default is the workflow's own repository, because npm
 * refuses a package whose provenance names another one
 */
export function packageFields(
  version: string = config.version,
  repository: string | undefined = Deno.env.get("GITHUB_REPOSITORY"),
): PackageFields {
  return {
    name: config.name,
    version,
    description: "Sign a notebook or a script in to an OAuth 2 or OpenID Connect API, in one cell",
    keywords: ["oauth2", "openid-connect", "oidc", "jupyter", "notebook", "authentication", "deno"],
    license: config.license,
    // Older releases need a flag for `node:sqlite`.
    engines: { node: ">=22.13" },
    sideEffects: false,
    ...(repository
      ? { repository: { type: "git", url: `git+https://github.com/${repository}.git` } }
      : {}),
  };
}

/** Packages that only some stores need. */
export const STORE_PACKAGES: readonly string[] = ["@redis/client", "@napi-rs/keyring"];

/** Packages that only the sandbox and some stores need. Users of those install them. */
const OPTIONAL_PEERS = ["oidc-provider", ...STORE_PACKAGES];

/** Turns rarely needed dependencies into optional peers. */
export function withOptionalPeers(made: Record<string, unknown>): Record<string, unknown> {
  const dependencies = Object.entries(made["dependencies"] as Record<string, string> ?? {});
  const isPeer = ([name]: [string, string]) => OPTIONAL_PEERS.includes(name);
  return {
    ...made,
    dependencies: Object.fromEntries(dependencies.filter((one) => !isPeer(one))),
    peerDependencies: Object.fromEntries(dependencies.filter(isPeer)),
    peerDependenciesMeta: Object.fromEntries(
      OPTIONAL_PEERS.map((name) => [name, { optional: true }]),
    ),
  };
}

/** The schema that editors use to check definition files. */
export const SCHEMA = "src/providers/provider.schema.json";

/** Copies the documents that exist, and the schema, into a package folder. Returns their names. */
export async function copyDocuments(directory: string): Promise<string[]> {
  const copied: string[] = [];
  for (const path of [...DOCUMENTS, SCHEMA]) {
    const name = path.replace(/^.*\//, "");
    try {
      await copyFile(new URL(`../${path}`, import.meta.url), `${directory}/${name}`);
      copied.push(name);
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") throw error;
    }
  }
  return copied;
}

/**
 * Writes the command `onecell` into a package folder and returns its `bin` field.
 *
 * The command is a separate file because some supported Node releases have no `import.meta.main`, and its
 * replacements fail behind npm's link.
 *
 * @param main the module that exports `main`, relative to the folder
 */
export async function writeCommand(
  directory: string,
  main: string,
): Promise<Record<string, string>> {
  const text = `#!/usr/bin/env node
import { main } from "${main}";
process.exitCode = await main(process.argv.slice(2));
`;
  await writeFile(`${directory}/${COMMAND_FILE}`, text, { mode: 0o755 });
  return { onecell: COMMAND_FILE };
}
