import assert from "node:assert/strict";
import {
  chooseCredentials,
  cleanValue,
  environmentCredentials,
  normaliseCredentials,
  oddities,
  sourceText,
} from "../../src/credentials/choose_credentials.ts";
import { missingCredentials } from "../../src/credentials/missing_credentials.ts";
import type { ProviderInput } from "../../src/providers/define_provider.ts";
import { plainProvider } from "../support/parts.ts";
import { throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

type Values = Record<string, string>;

interface Row {
  name: string;
  provider?: Partial<ProviderInput>;
  options?: Values;
  environment?: Values;
  file?: Record<string, unknown>;
  values: Values;
  source: string;
  missing?: string[];
}

const PATH = "/home/somebody/.config/plain/app_credentials";
const pair = (from: string): Values => ({
  client_id: `id of ${from}`,
  client_secret: `secret of ${from}`,
});
const [options, environment, file] = ["options", "environment", "file"].map(pair) as [
  Values,
  Values,
  Values,
];
const VARIABLES = "environment (PLAIN_CLIENT_ID, PLAIN_CLIENT_SECRET)";
const PASSWORD = { grant: "password" } as const;
const account = { username: "ada", password: "secret" };

test("chooseCredentials(): options, then environment, then file; pairs stay together", () =>
  eachRow<Row>([
    { name: "all three", options, environment, file, values: options, source: "passed in code" },
    { name: "two", environment, file, values: environment, source: VARIABLES },
    { name: "the file", file, values: file, source: PATH },
    { name: "none", values: {}, source: "nothing", missing: ["client_id", "client_secret"] },
    {
      name: "a whole pair comes before half a pair",
      environment: { client_secret: "half" },
      file,
      values: file,
      source: PATH,
    },
    {
      name: "half a pair in the options is completed from no other source (issue 11.1)",
      options: { client_id: "mine" },
      environment,
      file,
      values: { client_id: "mine" },
      source: "passed in code",
      missing: ["client_secret"],
    },
    {
      name: "two halves never make a pair",
      options: { client_id: "mine" },
      environment: { client_secret: "of another" },
      values: { client_id: "mine" },
      source: "passed in code",
      missing: ["client_secret"],
    },
    {
      name: "half a file",
      file: { client_id: "mine" },
      values: { client_id: "mine" },
      source: PATH,
      missing: ["client_secret"],
    },
    {
      name: "a user account may come from another source than the client",
      provider: PASSWORD,
      options: account,
      file,
      values: { ...account, ...file },
      source: `passed in code and ${PATH}`,
    },
    {
      name: "a password never comes from another source than the username",
      provider: PASSWORD,
      options: { username: "ada" },
      environment: { ...environment, password: "of another" },
      values: { username: "ada", ...environment },
      source:
        `passed in code and environment (PLAIN_CLIENT_ID, PLAIN_CLIENT_SECRET, PLAIN_PASSWORD)`,
      missing: ["password"],
    },
    {
      name: "upper case in a file, as in the tutorial's environment",
      file: { CLIENT_ID: "a", Client_Secret: "b" },
      values: { client_id: "a", client_secret: "b" },
      source: PATH,
    },
    {
      name: "empty and null count as missing",
      options: normaliseCredentials({ client_id: "", client_secret: null }, "x"),
      file,
      values: file,
      source: PATH,
    },
    {
      name: "any other source replaces defaults",
      provider: { defaults: { region: "eu", version: "v1" } },
      environment: { region: "us" },
      file: { ...file, region: "asia" },
      values: { ...file, region: "us", version: "v1" },
      source: PATH,
    },
    {
      name: "a key's ID comes with its key",
      provider: { clientAuthentication: "private_key_jwt" },
      file: { client_id: "a", private_key: "k", key_id: "k1", other: "x" },
      environment: { key_id: "k2" },
      values: { client_id: "a", private_key: "k", key_id: "k1" },
      source: PATH,
    },
    {
      name: "a public client needs only its ID",
      provider: { grant: "authorization_code" },
      options: { client_id: "mine" },
      values: { client_id: "mine" },
      source: "passed in code",
    },
  ], (row) => {
    const provider = plainProvider(row.provider);
    const chosen = chooseCredentials(provider, {
      options: row.options,
      environment: row.environment ?? {},
      file: row.file ? { path: PATH, values: row.file } : null,
    });
    assert.deepEqual(chosen.values, row.values);
    assert.equal(sourceText(chosen.sources), row.source);
    assert.deepEqual(chosen.missing, row.missing ?? []);
  }));

test("environmentCredentials() reads only the provider's own names", () => {
  const asked: string[] = [];
  const variables: Values = {
    PLAIN_CLIENT_ID: "a",
    PLAIN_CLIENT_SECRET: "",
    CLIENT_ID: "of another system",
    CLIENT_SECRET: "of another system",
  };
  const get = (name: string) => (asked.push(name), variables[name]);
  assert.deepEqual(environmentCredentials(plainProvider(), get), { client_id: "a" });
  assert.deepEqual(asked, ["PLAIN_CLIENT_ID", "PLAIN_CLIENT_SECRET"]);
  asked.length = 0;
  const key = plainProvider({
    clientAuthentication: "private_key_jwt",
    defaults: { region: "eu" },
  });
  environmentCredentials(key, get);
  assert.deepEqual(asked.sort(), [
    "PLAIN_CLIENT_ID",
    "PLAIN_KEY_ID",
    "PLAIN_PRIVATE_KEY",
    "PLAIN_REGION",
  ]);
});

test("normaliseCredentials() accepts any JSON object and refuses anything else", () => {
  const jwk = { kty: "EC", d: "x" };
  assert.deepEqual(normaliseCredentials({ A: 1, b: true, c: null, d: undefined, e: jwk }, "x"), {
    a: "1",
    b: "true",
    e: JSON.stringify(jwk),
  });
  for (const wrong of [null, "text", 5, ["a"], undefined]) {
    throws(() => normaliseCredentials(wrong, "The file"), "invalid_argument", /^The file/);
  }
});

test("missingCredentials() names the variables, the file and the page", () => {
  const provider = plainProvider({ documentation: "https://docs.example.com/keys" });
  const error = missingCredentials(provider, ["client_id", "client_secret"], [PATH]);
  assert.equal(error.code, "credentials_missing");
  for (const part of ["PLAIN_CLIENT_ID and PLAIN_CLIENT_SECRET", PATH, "docs.example.com"]) {
    assert(error.message.includes(part), error.message);
  }
});

test("cleanValue() removes copy-and-paste leftovers, but nothing that may belong to a secret (wild G)", () =>
  eachRow([
    { name: "huggingface_hub#1634: a final newline", given: "the-secret\n", clean: "the-secret" },
    { name: "modelexpress#277: Windows", given: "the-secret\r\n", clean: "the-secret" },
    { name: "a return", given: "the-secret\r", clean: "the-secret" },
    { name: "a byte order mark", given: "\ufeffthe-secret", clean: "the-secret" },
    { name: "a no-break space", given: "\u00a0the-secret\u00a0", clean: "the-secret" },
    { name: "what is invisible", given: "\u200bthe-secret\u200e", clean: "the-secret" },
    { name: "a tab", given: "\tthe-secret", clean: "the-secret" },
    { name: "a final space", given: "the-secret ", clean: "the-secret " },
    { name: "quotes of an env file", given: '"the-secret"', clean: '"the-secret"' },
    { name: "blanks", given: " \t\n", clean: "" },
    { name: "other letters", given: "pässwörd-é", clean: "pässwörd-é" },
    { name: "within", given: "a b\tc", clean: "a b\tc" },
  ], ({ given, clean }) => {
    assert.equal(cleanValue("client_secret", given), clean);
    assert.deepEqual(normaliseCredentials({ x: given }, "x"), clean === "" ? {} : { x: clean });
  }));

test("cleanValue() removes blanks around an ID, and a blank variable counts as unset", () => {
  assert.equal(cleanValue("client_id", " the-id "), "the-id");
  const variables: Values = { PLAIN_CLIENT_ID: "the-id\n", PLAIN_CLIENT_SECRET: "  " };
  const values = environmentCredentials(plainProvider(), (name) => variables[name]);
  assert.deepEqual(values, { client_id: "the-id" });
});

test("oddities() names quotes and blanks, and repeats no value", () => {
  assert.deepEqual(oddities({ client_id: "a", client_secret: "b c" }), []);
  const odd = oddities({ client_secret: '"the-secret"', password: "the-secret " });
  assert.equal(odd.length, 2);
  assert.match(odd.join(" "), /client_secret has quotes.*password begins or ends with a space/);
  assert(!odd.join(" ").includes("the-secret"));
});

test("missingCredentials() says that without a home it read no file (wild G)", () => {
  const error = missingCredentials(plainProvider(), ["client_id"], []);
  assert.match(error.message, /no home folder to look for a file in/);
});
