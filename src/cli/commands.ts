import { CLIENT_AUTHENTICATIONS, GRANTS } from "../providers/define_provider.ts";
import type { Command, Options } from "./command.ts";
import { TOKEN_FORMATS } from "./token_format.ts";

const json: Options = { json: { type: "boolean", help: "print JSON, the same in every release" } };

/** Options that, besides its name, say which system. */
const system: Options = {
  account: {
    type: "string",
    value: "NAME",
    help: "another account of the system, with app credentials of its own",
  },
  directory: { type: "string", value: "FOLDER", help: "the folder where everything is saved" },
  provider: {
    type: "string",
    value: "FILE",
    own: true,
    help: "a JSON file that describes the system, instead of SYSTEM",
  },
  issuer: { type: "string", value: "URL", own: true, help: "the issuer, for discovery" },
  "auth-url": { type: "string", value: "URL", own: true, help: "the authorization server" },
  "api-url": { type: "string", value: "URL", own: true, help: "the API" },
  grant: {
    type: "string",
    value: "GRANT",
    choices: GRANTS.filter((grant) => !/exchange|bearer/.test(grant)),
    own: true,
    help: "the grant, with --issuer",
  },
  "client-authentication": {
    type: "string",
    value: "METHOD",
    choices: CLIENT_AUTHENTICATIONS.filter((name) => name !== "federated_jwt"),
    own: true,
    help: "the client authentication method",
  },
};

/** Options that say which session of the system. */
const session: Options = {
  scope: { type: "string", value: "SCOPES", help: "scopes to ask for, separated by spaces" },
  "session-key": {
    type: "string",
    value: "KEY",
    help: "another session of the same account, by a name you choose",
  },
};

const asking: Options = { "no-input": { type: "boolean", help: "never prompt" } };

const verbose: Options = {
  verbose: {
    type: "boolean",
    short: "v",
    help: "show each request on standard error, without its secrets",
  },
};

const origin: Options = {
  origin: {
    type: "string",
    value: "URL",
    multiple: true,
    help: "another origin that may get the token; can be repeated",
  },
};

const OWN_SYSTEM = [
  "SYSTEM is a name that `onecell providers` lists, or the address of an API that says itself how to",
  "sign in, such as https://api.example.org/. For a system of your own, use any name with --issuer and",
  "--api-url, or describe it in a file for --provider, with the fields of defineProvider.",
];

/** All commands, in the help's order. The help, the parser and the completions know only this table. */
export const commands: readonly Command[] = [
  {
    name: "login",
    summary: "sign in, and save the session for notebooks and scripts",
    words: "SYSTEM",
    count: [0, 1],
    completes: "provider",
    options: {
      force: {
        type: "boolean",
        short: "f",
        help: "sign in again; with --user, create new app credentials",
      },
      user: {
        type: "string",
        short: "u",
        value: "NAME",
        help: "username (if the provider needs one)",
      },
      "password-stdin": { type: "boolean", help: "read the password from standard input" },
      method: {
        type: "string",
        value: "METHOD",
        choices: ["browser", "device", "paste"],
        help: "how to sign in with a browser",
      },
      ...session,
      ...asking,
      ...json,
      ...verbose,
      ...system,
    },
    details: OWN_SYSTEM,
    load: async () => (await import("./login.ts")).login,
  },
  {
    name: "status",
    summary: "show who is signed in where, and for how long",
    words: "[SYSTEM]",
    count: [0, 1],
    completes: "provider",
    options: { ...json, ...system },
    details: [
      "It never prompts, renews or sends anything to a system. It shows where sessions are saved, who can",
      "read them, and whether the store works. With SYSTEM, the exit code is 0 if getSession works without",
      "a prompt, else 1.",
      "",
      'JSON: {"version": 1, "systems": [{"provider", "title", "ready", "credentials": {"source",',
      '"complete", "missing"}, "problem", "sessions": [{"account", "clientId", "sessionKey", "scope",',
      '"server", "expiresAt", "valid", "renewable", "path"}]}], "others": [{"provider", "folder",',
      '"credentials", "sessions"}]}. Times are ISO dates; unknown values are null. "others" are',
      "systems of your own: --provider FILE shows more about one. If sessions are not in files, or the",
      'files do not work, there is also "stores": [{"kept", "folder", "readers", "works",',
      '"weaknesses", "problem"}].',
    ],
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "token",
    summary: "print the access token, refreshing it if needed",
    words: "SYSTEM",
    count: [0, 2],
    completes: "provider",
    options: {
      format: {
        type: "string",
        value: "FORMAT",
        choices: TOKEN_FORMATS,
        help: "how to print it, for other tools",
      },
      role: {
        type: "string",
        value: "ARN",
        help: "with --format aws: the role to assume at AWS STS",
      },
      sts: { type: "string", value: "URL", help: "with --format aws: another STS endpoint" },
      json: { type: "boolean", help: "the same as --format json" },
      ...origin,
      ...session,
      ...asking,
      ...verbose,
      ...system,
    },
    details: [
      "It is a secret, and other users may see a program's arguments. For example:",
      "  onecell token spatiafi --format header | curl -H @- https://api.spatiafi.com/api/…",
      "",
      "--format json     access_token, token_type, expires_at, scope, as JSON",
      "--format header   a request header: Authorization: Bearer …",
      "--format env      lines for an .env file, or for `eval`",
      "--format kubectl  an ExecCredential, for `exec` in a kubeconfig",
      "--format git      a credential helper: git config credential.https://HOST.helper \\",
      "                  '!onecell token SYSTEM --format git'",
      "--format aws      a credential_process for AWS: sends the token to AWS STS, which must trust the",
      "                  issuer, and prints keys for --role",
    ],
    load: async () => (await import("./token.ts")).token,
  },
  {
    name: "run",
    summary: "run a command with the access token in its environment",
    words: "SYSTEM -- COMMAND...",
    count: [1, Infinity],
    completes: "provider",
    options: { ...session, ...asking, ...verbose, ...system },
    details: [
      "Only the command gets the token, in a variable such as SPATIAFI_ACCESS_TOKEN. It is not renewed",
      "while the command runs. The exit code is the command's, or 127 if it is not found.",
      "For example:",
      "  onecell run spatiafi -- papermill in.ipynb out.ipynb",
    ],
    load: async () => (await import("./run_program.ts")).runProgram,
  },
  {
    name: "fetch",
    summary: "send a request to the API, and print the response body",
    words: "[SYSTEM] URL",
    count: [1, 2],
    completes: "provider",
    options: {
      request: { type: "string", short: "X", value: "METHOD", help: "the method" },
      header: {
        type: "string",
        short: "H",
        value: "LINE",
        multiple: true,
        help: "a header, such as 'accept: text/csv'; can be repeated",
      },
      data: {
        type: "string",
        short: "d",
        value: "DATA",
        help: "the body: text, @FILE, or @- for standard input",
      },
      output: {
        type: "string",
        short: "o",
        value: "FILE",
        help: "write the body to a file, or - for standard output",
      },
      include: { type: "boolean", short: "i", help: "print status and headers before the body" },
      ...origin,
      ...session,
      ...asking,
      ...verbose,
      ...system,
    },
    details: [
      "URL is a full URL or a path of the API. With a full URL, SYSTEM can be left out.",
      "With --data, the method is POST, and the content type is JSON or a form, depending on the data.",
      "If the HTTP status is 400 or above, the exit code is 1. The body is printed anyway.",
    ],
    load: async () => (await import("./fetch.ts")).fetchUrl,
  },
  {
    name: "logout",
    summary: "sign out, at the server and on this machine",
    words: "SYSTEM",
    count: [0, 1],
    completes: "provider",
    options: {
      all: { type: "boolean", short: "a", help: "sign out of every saved session of the system" },
      forget: { type: "boolean", help: "also remove the saved app credentials, and earlier ones" },
      ...session,
      ...json,
      ...verbose,
      ...system,
    },
    load: async () => (await import("./logout.ts")).logout,
  },
  {
    name: "switch",
    summary: "choose which account of a system is used",
    words: "SYSTEM [ACCOUNT]",
    count: [0, 2],
    completes: "provider",
    options: {
      default: { type: "boolean", help: "go back to the usual account" },
      ...json,
      ...Object.fromEntries(Object.entries(system).filter(([name]) => name !== "account")),
    },
    details: [
      "Without ACCOUNT, it lists the saved accounts; * marks the one in use. getSession uses it",
      "too, unless the option account, SYSTEM_ACCOUNT or ONECELL_ACCOUNT names another one. To add an",
      "account: onecell login SYSTEM --account NAME",
      "",
      'JSON: {"provider", "account", "from", "accounts"}.',
    ],
    load: async () => (await import("./switch.ts")).switchTo,
  },
  {
    name: "providers",
    summary: "list known systems",
    words: "",
    count: [0, 0],
    completes: "nothing",
    options: json,
    details: [
      "Besides the built-in ones, a system is known if there is a NAME.json in ~/.config/onecell/providers",
      "(macOS: ~/Library/Application Support, Windows: %LOCALAPPDATA%), then in /etc/onecell/providers",
      "(macOS: /Library/Application Support, Windows: %PROGRAMDATA%), or only in the folders that",
      "ONECELL_PROVIDERS lists. The exit code is 1 if a file cannot be used.",
    ],
    load: async () => (await import("./providers.ts")).listProviders,
  },
  {
    name: "provider",
    summary: "check, add or remove the definition of a system",
    words: "add|check|remove FILE",
    count: [2, 2],
    completes: "file",
    options: {
      yes: {
        type: "boolean",
        short: "y",
        help: "add it without asking; check it first",
      },
      replace: { type: "boolean", help: "with --yes: replace another definition of that name" },
      ...json,
    },
    details: [
      "check FILE shows everything that is wrong with a definition, or what it asks for and where that",
      "goes. add FILE (or add URL) shows the same, asks, and saves it, so its system is known by name.",
      "A URL must be https or on this machine. remove NAME removes it. A definition holds the",
      "fields of defineProvider, and no secret.",
      "",
      'JSON: check {"ok", "faults": [{"message", "line"}], "warnings", "facts"}; add {"provider", "path",',
      '"replaced"}; remove {"provider", "removed"}.',
    ],
    load: async () => (await import("./provider.ts")).provider,
  },
  {
    name: "import",
    summary: "import credentials from another program's JSON file",
    words: "SYSTEM FILE",
    count: [1, 2],
    completes: "provider",
    options: { ...json, ...system },
    details: ["For example, the appsettings.json of the OSIsoft samples. The file is not changed."],
    load: async () => (await import("./providers.ts")).importFile,
  },
  {
    name: "doctor",
    summary: "find out why signing in does not work",
    words: "SYSTEM",
    count: [0, 1],
    completes: "provider",
    options: { ...json, ...session, ...verbose, ...system },
    details: [
      "doctor never prompts and sends no secret. The exit code is 1 if it finds a problem.",
    ],
    load: async () => (await import("./check.ts")).examine,
  },
  {
    name: "store",
    summary: "move saved sessions and credentials to another store",
    words: "move [TO]",
    count: [1, 2],
    completes: "nothing",
    options: {
      from: { type: "string", value: "STORE", help: "the current store, instead of ONECELL_STORE" },
      directory: {
        type: "string",
        value: "FOLDER",
        help: "one folder, instead of all in the configuration folder",
      },
      ...json,
    },
    details: [
      "TO is disk, keyring:, redis://HOST:PORT or rediss://HOST:PORT; the default is ONECELL_STORE.",
      "Others can see a password in an argument: put a URL with a password in ONECELL_STORE instead.",
      "Each session is removed only after it was read back from the new store. An interrupted move",
      "loses nothing: run it again to finish. The exit code is 1 if something was not moved.",
      "",
      'JSON: {"from", "to", "sessions", "credentials", "problems": [{"code", "message"}]}.',
    ],
    load: async () => (await import("./store.ts")).store,
  },
  {
    name: "scan",
    summary: "look for this machine's secrets in notebooks before you share them",
    words: "FILE...",
    count: [1, Infinity],
    completes: "file",
    options: {
      ...json,
      provider: {
        type: "string",
        value: "FILE",
        multiple: true,
        help: "a JSON file that describes one more system; can be repeated",
      },
      directory: {
        type: "string",
        value: "FOLDER",
        multiple: true,
        help: "another folder with saved secrets; can be repeated",
      },
    },
    details: [
      "It looks for the saved secrets of every system in the configuration folder, and for those in",
      "environment variables of known systems, in any common encoding. The exit code is 1 if a secret",
      "is found or a file cannot be read. If this machine has no saved secrets, the notebook is marked !",
      'and is not checked; the exit code is then 0, and "secrets" in the JSON is 0.',
    ],
    load: async () => (await import("./check.ts")).scan,
  },
  {
    name: "completions",
    summary: "print a completion script for a shell",
    words: "bash|zsh|fish",
    count: [1, 1],
    completes: "shell",
    options: {},
    details: [
      "bash:  source <(onecell completions bash)                               in ~/.bashrc",
      "zsh:   source <(onecell completions zsh)                                in ~/.zshrc",
      "fish:  onecell completions fish > ~/.config/fish/completions/onecell.fish",
    ],
    load: async () => (await import("./completions.ts")).printCompletions,
  },
  {
    name: "help",
    summary: "show help, or the help of a command",
    words: "[COMMAND]",
    count: [0, 1],
    completes: "command",
    options: {},
    load: async () => (await import("./help.ts")).showHelp,
  },
];
