import { CLIENT_AUTHENTICATIONS, GRANTS } from "../providers/define_provider.ts";
import type { Command, Options } from "./command.ts";

const json: Options = { json: { type: "boolean", help: "print JSON, the same in every release" } };

/** Options that say which system, beside its name. */
const system: Options = {
  provider: {
    type: "string",
    value: "FILE",
    help: "a JSON file that describes the system, instead of PROVIDER",
  },
  issuer: { type: "string", value: "URL", help: "the issuer, for discovery" },
  "auth-url": { type: "string", value: "URL", help: "where the authorization server is" },
  "api-url": { type: "string", value: "URL", help: "where the API is" },
  grant: {
    type: "string",
    value: "GRANT",
    choices: [...GRANTS],
    help: "the grant of a system that is given by --issuer",
  },
  "client-authentication": {
    type: "string",
    value: "METHOD",
    choices: [...CLIENT_AUTHENTICATIONS],
    help: "how its client proves who it is",
  },
  directory: { type: "string", value: "FOLDER", help: "where everything is kept" },
};

/** Options that say which session of the system. */
const session: Options = {
  scope: { type: "string", value: "SCOPES", help: "scopes to ask for, separated by spaces" },
  "session-key": { type: "string", value: "KEY", help: "keeps sessions of one account apart" },
};

const asking: Options = {
  "no-input": { type: "boolean", help: "never ask anything" },
};

const OWN_SYSTEM = [
  "PROVIDER is a name that `onecell providers` lists, or any name of yours with --issuer and",
  "--api-url. What needs more is described in a file for --provider, with the fields of defineProvider.",
];

/** All commands, in the order of the help. What the help, the parser and completion know is in here. */
export const commands: readonly Command[] = [
  {
    name: "login",
    summary: "sign in, and save the session for notebooks and scripts",
    words: "PROVIDER",
    count: [0, 1],
    completes: "provider",
    options: {
      force: {
        type: "boolean",
        short: "f",
        help: "sign in anew, whatever is saved; with --user, with new app credentials",
      },
      user: {
        type: "string",
        short: "u",
        value: "NAME",
        help: "the user name, where one is asked",
      },
      "password-stdin": { type: "boolean", help: "read the password from standard input" },
      method: {
        type: "string",
        value: "METHOD",
        choices: ["loopback", "device", "paste"],
        help: "how to sign in with a browser",
      },
      ...session,
      ...asking,
      ...system,
    },
    details: OWN_SYSTEM,
    load: async () => (await import("./login.ts")).login,
  },
  {
    name: "status",
    summary: "show what is saved, without asking or renewing anything",
    words: "[PROVIDER]",
    count: [0, 1],
    completes: "provider",
    options: { ...json, ...system },
    details: [
      "With PROVIDER the exit code is 0 when a session can be had without asking anybody, else 1.",
      "",
      'JSON: {"version": 1, "systems": [{"provider", "title", "ready", "credentials": {"source",',
      '"complete", "missing"}, "problem", "sessions": [{"account", "sessionKey", "scope", "server",',
      '"expiresAt", "valid", "renewable", "path"}]}], "others": [{"provider", "folder", "credentials",',
      '"sessions"}]}. Times are ISO dates; what is not known is null. "others" are systems of your own,',
      "of which --provider FILE shows more; they are listed without PROVIDER.",
    ],
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "token",
    summary: "print the access token, renewed if need be, and nothing else",
    words: "PROVIDER",
    count: [0, 1],
    completes: "provider",
    options: { ...session, ...asking, ...system },
    details: [
      "It is a secret, and other users may see a program's arguments. For example:",
      `  printf 'Authorization: Bearer %s' "$(onecell token spatiafi)" |`,
      "    curl -H @- https://api.spatiafi.com/api/…",
    ],
    load: async () => (await import("./use.ts")).token,
  },
  {
    name: "fetch",
    summary: "send a request to the API, and print the answer's body",
    words: "[PROVIDER] URL",
    count: [1, 2],
    completes: "provider",
    options: {
      request: { type: "string", short: "X", value: "METHOD", help: "the method" },
      header: {
        type: "string",
        short: "H",
        value: "LINE",
        multiple: true,
        help: "a header, such as 'accept: text/csv'; may be repeated",
      },
      data: {
        type: "string",
        short: "d",
        value: "DATA",
        help: "the body: a text, @FILE, or @- for standard input",
      },
      output: {
        type: "string",
        short: "o",
        value: "FILE",
        help: "write the body to a file; - is standard output",
      },
      include: { type: "boolean", short: "i", help: "print status and headers before the body" },
      origin: {
        type: "string",
        value: "URL",
        multiple: true,
        help: "another origin the token may go to; may be repeated",
      },
      ...session,
      ...asking,
      ...system,
    },
    details: [
      "URL is whole, or a path below the API. PROVIDER is not needed where a whole URL tells it.",
      "With --data the method is POST, and the content-type JSON or a form, as the data looks.",
      "An HTTP status of 400 or above is exit code 1; the body is printed all the same.",
    ],
    load: async () => (await import("./use.ts")).fetchUrl,
  },
  {
    name: "logout",
    summary: "end a session at the server, and remove what is saved of it",
    words: "PROVIDER",
    count: [0, 1],
    completes: "provider",
    options: {
      all: { type: "boolean", short: "a", help: "every saved session of the system" },
      forget: { type: "boolean", help: "remove the saved app credentials and earlier ones, too" },
      ...session,
      ...system,
    },
    load: async () => (await import("./logout.ts")).logout,
  },
  {
    name: "providers",
    summary: "list the systems that are known by name",
    words: "",
    count: [0, 0],
    completes: "nothing",
    options: json,
    load: async () => (await import("./providers.ts")).listProviders,
  },
  {
    name: "import",
    summary: "take credentials over from another program's JSON file",
    words: "PROVIDER FILE",
    count: [1, 2],
    completes: "provider",
    options: system,
    details: ["Such as the appsettings.json of the OSIsoft samples. The file stays as it is."],
    load: async () => (await import("./providers.ts")).importFile,
  },
  {
    name: "doctor",
    summary: "find out why signing in does not work",
    words: "PROVIDER",
    count: [0, 1],
    completes: "provider",
    options: { ...json, ...session, ...system },
    details: ["It asks nobody and sends no secret. With a problem the exit code is 1."],
    load: async () => (await import("./check.ts")).examine,
  },
  {
    name: "scan",
    summary: "look for this machine's secrets in notebooks before they are shared",
    words: "FILE...",
    count: [1, Infinity],
    completes: "file",
    options: {
      ...json,
      provider: {
        type: "string",
        value: "FILE",
        multiple: true,
        help: "a JSON file that describes one more system; may be repeated",
      },
      directory: {
        type: "string",
        value: "FOLDER",
        multiple: true,
        help: "another folder with saved secrets; may be repeated",
      },
    },
    details: [
      "It looks for the secrets of every system saved in the configuration directory, and for those in",
      "environment variables of known systems, in any common encoding. The exit code is 1 when a secret",
      "is found or a file cannot be read. If this machine has no saved secrets, the notebook is marked !",
      'and is not checked; the exit code is then 0, and "secrets" in the JSON is 0.',
    ],
    load: async () => (await import("./check.ts")).scan,
  },
  {
    name: "completions",
    summary: "print a script that completes commands and options in a shell",
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
    summary: "show this help, or that of a command",
    words: "[COMMAND]",
    count: [0, 1],
    completes: "command",
    options: {},
    load: async () => (await import("./show_help.ts")).showHelp,
  },
];
