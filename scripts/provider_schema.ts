/**
 * Writes the JSON Schema of definition files: `deno run -A scripts/provider_schema.ts`.
 *
 * The members, their types and their descriptions come from the types in `src/providers`. The patterns,
 * and the rules for which members go together, are below. One test compares the schema with
 * `defineProvider`, another compares the file with this script's output.
 *
 * @module
 */
const ROOT = new URL("../", import.meta.url);
const FILE = new URL("src/providers/provider.schema.json", ROOT);

/** A part of a JSON Schema, draft 2020-12. */
export type Schema = Record<string, unknown>;

/** A type, as `deno doc --json` prints it: each kind has its own value. */
type DocType = { readonly repr?: string } & DocKind;

type DocKind =
  | { readonly kind: "keyword" | "fnOrConstructor" }
  | {
    readonly kind: "literal";
    readonly value: {
      readonly string?: string;
      readonly boolean?: boolean;
      readonly number?: number;
    };
  }
  | { readonly kind: "parenthesized" | "array"; readonly value: DocType }
  | { readonly kind: "typeOperator"; readonly value: { readonly tsType: DocType } }
  | { readonly kind: "union" | "intersection"; readonly value: readonly DocType[] }
  | { readonly kind: "typeLiteral"; readonly value: DocObject }
  | { readonly kind: "typeRef"; readonly value: DocReference };

interface DocObject {
  readonly properties?: readonly DocProperty[];
  readonly indexSignatures?: readonly { readonly tsType: DocType }[];
}

interface DocReference {
  readonly typeName: string;
  readonly typeParams?: readonly DocType[];
}

interface DocProperty {
  readonly name: string;
  readonly optional?: boolean;
  readonly jsDoc?: { readonly doc?: string };
  readonly tsType: DocType;
}

interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly jsDoc?: { readonly doc?: string };
    readonly def: { readonly tsType?: DocType; readonly properties?: readonly DocProperty[] };
  }[];
}

/** Members that a definition file leaves out because they follow from its name. */
const LEFT_OUT = ["folder", "files", "environmentPrefix", "foreignTokens"];

const TEMPLATE = "\\{[a-z][a-z0-9_]*\\}";
const LOOPBACK = "(?:localhost|127(?:\\.\\d{1,3}){3}|\\[::1\\])";
/** https, or http to this machine. It may begin with `{name}`, and has no username and no blanks. */
const WHOLE_URL =
  `(?:${TEMPLATE}(?:[/?#][^\\s]*)?|https://[^\\s/?#@]+(?:[/?#][^\\s]*)?|http://${LOOPBACK}(?::\\d+)?(?:[/?#][^\\s]*)?)`;
const PATH = "/(?![/\\\\]).*";
/** Refuses templates that name a secret, as far as a pattern can tell. */
const NO_SECRET =
  "(?!.*\\{[a-z0-9_]*(?:secret|password|passphrase|token|private_key|api_key|credential)[a-z0-9_]*\\})";
const DEFINED = {
  url: { pattern: `^${NO_SECRET}${WHOLE_URL}$` },
  urlOrPath: { pattern: `^${NO_SECRET}(?:${PATH}|${WHOLE_URL})$` },
};
const URL_TEXT = { pattern: undefined, $ref: "#/$defs/url" };
const URL_OR_PATH = { pattern: undefined, $ref: "#/$defs/urlOrPath" };
const SHOWN = { pattern: "^(?=.*\\S)[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+$" };
const FIELD = { pattern: "^[a-z][a-z0-9_]*$" };
const STATUS = { type: "integer", minimum: 400, maximum: 599 };
const ANY_TEXT = { pattern: undefined };
const ABSOLUTE = { pattern: "^(?:/|[A-Za-z]:[\\\\/]|\\\\\\\\)[^\\x00-\\x1f\\x7f]*$" };
const TYPE_URI = { pattern: "^[A-Za-z][A-Za-z0-9+.-]*:[\\x21-\\x7e]+$" };
const COMMAND = {
  minItems: 1,
  prefixItems: [{
    pattern: "^(?:[A-Za-z0-9_][\\w.+-]*|(?:/|[A-Za-z]:[\\\\/]|\\\\\\\\)[^\\x00-\\x1f\\x7f]*)$",
  }],
};

/** Rules for values, in addition to their types. In a path, `[]` is an item and `{}` a value of any name. */
const RULES: Readonly<Record<string, Schema>> = {
  name: { pattern: "^[a-z][a-z0-9-]{0,62}$" },
  title: SHOWN,
  authUrl: URL_TEXT,
  issuer: URL_TEXT,
  apiUrl: URL_TEXT,
  redirectUri: URL_TEXT,
  documentation: URL_TEXT,
  probe: URL_OR_PATH,
  "origins[]": URL_TEXT,
  "endpoints.token": URL_OR_PATH,
  "endpoints.authorization": URL_OR_PATH,
  "endpoints.deviceAuthorization": URL_OR_PATH,
  "endpoints.revocation": URL_OR_PATH,
  "endpoints.pushedAuthorization": URL_OR_PATH,
  "enrolment.login": URL_OR_PATH,
  "enrolment.clients": URL_OR_PATH,
  "enrolment.help": SHOWN,
  "paste.page": URL_OR_PATH,
  assertionAudience: { pattern: `^(?:token_endpoint|issuer|${WHOLE_URL})$` },
  assertionAlgorithm: {
    enum: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"],
  },
  "requires[]": FIELD,
  "optional[]": FIELD,
  tokenParameters: {
    propertyNames: notNamed(
      "client_id|client_secret|client_assertion(?:_type)?|redirect_uri|code|code_verifier|" +
        "refresh_token|device_code|username|password",
    ),
  },
  "tokenParameters{}": ANY_TEXT,
  authorizationParameters: {
    propertyNames: notNamed(
      "client_id|client_secret|client_assertion.*|response_type|redirect_uri|state|nonce|" +
        "code_challenge.*|request(?:_uri)?|dpop_jkt",
    ),
  },
  "authorizationParameters{}": ANY_TEXT,
  assertionClaims: { propertyNames: { pattern: "^(?!(?:iat|exp|nbf|jti)$)" } },
  "assertionClaims{}": ANY_TEXT,
  "assertionClaims{}[]": ANY_TEXT,
  assertionLifetime: { type: "integer", minimum: 1, maximum: 3600 },
  subjectTokenType: TYPE_URI,
  requestedTokenType: TYPE_URI,
  tokenCommand: COMMAND,
  "tokenCommand[]": ANY_TEXT,
  "retryStatuses[]": STATUS,
  "renewStatuses[]": STATUS,
  timeout: { exclusiveMinimum: 0, maximum: 2 ** 31 - 1 },
  "refusedPaths[]": { pattern: "^/" },
  apiAuthorization: { minProperties: 1 },
  "apiAuthorization.scheme": { pattern: "^[A-Za-z][\\w.+-]{0,62}$" },
  "apiAuthorization.header": {
    pattern: `^(?!${
      anyCase(
        "(?:accept|connection|cookie2?|date|dpop|expect|host|keep-alive|origin|range|referer|te|" +
          "trailer|transfer-encoding|upgrade|user-agent|via)",
      )
    }$)(?!${
      anyCase("(?:accept|access-control|content|if|proxy|sec)")
    }-)[A-Za-z][A-Za-z0-9_-]{0,62}$`,
  },
  ...Object.fromEntries(
    ["subjectToken", "clientAssertion"].flatMap((field) => [
      [`${field}.file`, ABSOLUTE],
      [`${field}.environment`, { pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }],
      [`${field}.command`, COMMAND],
      [`${field}.command[]`, ANY_TEXT],
      [`${field}.credential`, FIELD],
      [`${field}.kubernetes`, ABSOLUTE],
      [`${field}.jupyterhub`, { pattern: "^[A-Za-z_][\\w-]*$" }],
    ]),
  ),
};

/** Which members go together. */
const TOGETHER: readonly Schema[] = [
  {
    anyOf: [
      { required: ["issuer"] },
      { required: ["paste"] },
      { required: ["tokenCommand"] },
      endpointsWith("token"),
    ],
  },
  whenGrant("authorization_code", {
    anyOf: [{ required: ["issuer"] }, { required: ["paste"] }, endpointsWith("authorization")],
  }),
  whenGrant("device_code", {
    anyOf: [{ required: ["issuer"] }, endpointsWith("deviceAuthorization")],
  }),
  whenGrant("token_exchange", { required: ["subjectToken"] }),
  whenGrant("jwt_bearer", {
    oneOf: [{ required: ["subjectToken"] }, { required: ["assertionClaims"] }],
  }),
  goesWith("subjectToken", { properties: { grant: { enum: ["token_exchange", "jwt_bearer"] } } }),
  goesWith("subjectTokenType", { properties: { grant: { const: "token_exchange" } } }),
  goesWith("requestedTokenType", { properties: { grant: { const: "token_exchange" } } }),
  goesWith("assertionClaims", { properties: { grant: { const: "jwt_bearer" } } }),
  { dependentRequired: { assertionLifetime: ["assertionClaims"] } },
  {
    if: when("clientAuthentication", "federated_jwt"),
    then: { required: ["clientAssertion"] },
    else: { not: { required: ["clientAssertion"] } },
  },
  {
    if: { required: ["tokenCommand"] },
    then: {
      properties: {
        grant: { const: "client_credentials" },
        dpop: { const: false },
        endpoints: { not: { required: ["token"] } },
        issuer: false,
        enrolment: false,
        paste: false,
      },
    },
  },
  {
    if: { ...when("dpop", true) },
    then: { not: { required: ["apiAuthorization"] } },
  },
  // A path needs a base URL.
  {
    if: {
      anyOf: [
        ...["token", "authorization", "deviceAuthorization", "revocation", "pushedAuthorization"]
          .map((name) => holdsPath("endpoints", name)),
        holdsPath("enrolment", "login"),
        holdsPath("enrolment", "clients"),
        holdsPath("paste", "page"),
      ],
    },
    then: { required: ["authUrl"] },
  },
];

function notNamed(names: string): Schema {
  return { pattern: `^(?!${anyCase(`(?:${names})`)}$)` };
}

/** Matches a pattern's letters in either case, because JSON Schema has no flag for that. */
function anyCase(pattern: string): string {
  return pattern.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

function when(member: string, value: unknown): Schema {
  return { required: [member], properties: { [member]: { const: value } } };
}

function whenGrant(grant: string, then: Schema): Schema {
  return { if: when("grant", grant), then };
}

function goesWith(member: string, needed: Schema): Schema {
  return { dependentSchemas: { [member]: { required: ["grant"], ...needed } } };
}

function endpointsWith(name: string): Schema {
  return { required: ["endpoints"], properties: { endpoints: { required: [name] } } };
}

function holdsPath(object: string, member: string): Schema {
  const inside = {
    type: "object",
    required: [member],
    properties: { [member]: { pattern: "^/" } },
  };
  return { required: [object], properties: { [object]: inside } };
}

/** Generates the schema from the current types. */
export async function providerSchema(): Promise<Schema> {
  const types = await readTypes("src/providers/provider.ts");
  const definition = await readTypes("src/providers/definition.ts");
  const text = new Texts(types);
  const properties: Record<string, Schema> = {
    $schema: { type: "string", description: "Where this schema is, for editors." },
  };
  for (const { name, tsType, jsDoc } of propertiesOf(types, "Provider")) {
    if (LEFT_OUT.includes(name)) continue;
    properties[name] = { ...described(jsDoc?.doc), ...text.schemaOf(tsType, name) };
  }
  // Members that differ between a definition file and a provider.
  for (const { name, tsType, jsDoc } of ownMembers(definition)) {
    properties[name] = { ...described(jsDoc?.doc), ...text.schemaOf(tsType, name) };
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Definition of a system, for @onecell/auth",
    description: "The fields of defineProvider, in a file NAME.json. It holds no secret. " +
      "`onecell provider check FILE` says more than this schema can.",
    type: "object",
    properties,
    required: ["name", "apiUrl"],
    additionalProperties: false,
    allOf: TOGETHER,
    $defs: DEFINED,
  };
}

/** The members that `ProviderDefinition` declares itself. */
function ownMembers(symbols: readonly DocSymbol[]): readonly DocProperty[] {
  const type = symbols.find(({ name }) => name === "ProviderDefinition")?.declarations[0]?.def
    .tsType;
  const parts = type?.kind === "intersection" ? type.value : [];
  const own = parts.flatMap((part) =>
    part.kind === "typeLiteral" ? part.value.properties ?? [] : []
  );
  if (own.length === 0) throw new Error("ProviderDefinition has no members of its own any more.");
  // A type parameter is a list of names.
  return own.filter(({ name }) => name !== "requires" && name !== "optional");
}

function described(doc: string | undefined): Schema {
  if (doc === undefined) return {};
  const plain = doc.replace(/\{@linkcode (?:\w+\.)?([^}]+)\}/g, "`$1`").replace(/\s+/g, " ").trim();
  return { description: plain };
}

function propertiesOf(symbols: readonly DocSymbol[], name: string): readonly DocProperty[] {
  const found = symbols.find((symbol) => symbol.name === name)?.declarations[0]?.def.properties;
  if (found === undefined) throw new Error(`There is no interface ${name} any more.`);
  return found;
}

/** Turns types into schemas. */
class Texts {
  readonly #symbols: readonly DocSymbol[];

  constructor(symbols: readonly DocSymbol[]) {
    this.#symbols = symbols;
  }

  schemaOf(type: DocType, at: string): Schema {
    const rule = RULES[at] ?? {};
    const made = { ...this.#plain(type, at), ...rule };
    return Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined));
  }

  #plain(type: DocType, at: string): Schema {
    switch (type.kind) {
      case "keyword":
        if (type.repr === "string") return { type: "string", pattern: "\\S" };
        return { type: type.repr };
      case "literal":
        return { const: type.value.string ?? type.value.boolean ?? type.value.number };
      case "parenthesized":
        return this.#plain(type.value, at);
      case "typeOperator":
        return this.#plain(type.value.tsType, at);
      case "array":
        return { type: "array", items: this.schemaOf(type.value, `${at}[]`) };
      case "intersection":
        // `string & Record<never, never>`: any text; editors offer some.
        return { type: "string", pattern: "\\S" };
      case "union":
        return this.#union(type.value, at);
      case "typeLiteral":
        return this.#object(type.value, at);
      case "typeRef":
        return this.#named(type.value, at);
    }
    throw new Error(`${at} has a type that this script does not know: ${type.kind}`);
  }

  #union(types: readonly DocType[], at: string): Schema {
    const isCode = ({ kind, repr }: DocType) =>
      repr === "undefined" || kind === "fnOrConstructor" ||
      (kind === "typeRef" && repr === "TokenFunction");
    const all = types.filter((type) => !isCode(type));
    const [only, another] = all;
    if (only && !another) return this.#plain(only, at);
    const literals = all.flatMap((type) => type.kind === "literal" ? [type.value.string] : []);
    if (literals.length === all.length) return { enum: literals };
    if (all.some(({ kind }) => kind === "parenthesized")) return { type: "string", pattern: "\\S" };
    const made = all.map((type) => this.#plain(type, at));
    // Tell objects apart by their members, so that an error names the right one.
    return made.every(({ type }) => type === "object") ? { oneOf: made } : { anyOf: made };
  }

  #object(
    { properties = [], indexSignatures = [] }: DocObject,
    at: string,
  ): Schema {
    const [others] = indexSignatures;
    if (others) {
      return { type: "object", additionalProperties: this.schemaOf(others.tsType, `${at}{}`) };
    }
    const required = properties.filter(({ optional }) => !optional).map(({ name }) => name);
    return {
      type: "object",
      properties: Object.fromEntries(
        properties.map(({ name, tsType, jsDoc }) => [
          name,
          { ...described(jsDoc?.doc), ...this.schemaOf(tsType, `${at}.${name}`) },
        ]),
      ),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    };
  }

  #named(
    { typeName, typeParams = [] }: DocReference,
    at: string,
  ): Schema {
    const [first, second] = typeParams;
    if (typeName === "Readonly" && first) return this.#plain(first, at);
    if (typeName === "Record" && second) {
      return { type: "object", additionalProperties: this.schemaOf(second, `${at}{}`) };
    }
    const declared = this.#symbols.find(({ name }) => name === typeName)?.declarations[0];
    if (declared?.def.properties) return this.#object(declared.def, at);
    if (declared?.def.tsType) return this.#plain(declared.def.tsType, at);
    throw new Error(`${at} has the type ${typeName}, which this script does not find.`);
  }
}

async function readTypes(path: string): Promise<readonly DocSymbol[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", path],
    cwd: ROOT,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(decode(stderr));
  const { nodes } = JSON.parse(decode(stdout)) as {
    nodes: Record<string, { symbols: DocSymbol[] }>;
  };
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}

if (import.meta.main) {
  await Deno.writeTextFile(FILE, `${JSON.stringify(await providerSchema(), null, 2)}\n`);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", FILE.pathname] }).output();
}
