import assert from "node:assert/strict";
import { chooseMethods } from "../../src/sign_in/sign_in.ts";
import type { SignInMethod } from "../../src/providers/provider.ts";
import { plainProvider } from "../support/parts.ts";
import { throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import type { ProviderInput } from "../../src/providers/define_provider.ts";

const CODE = { grant: "authorization_code" } as const;

test("chooseMethods() chooses a redirect if there is a local browser, and otherwise another method", () =>
  eachRow<{ name: string; input: Partial<ProviderInput>; near: boolean; methods: SignInMethod[] }>([
    { name: "near", input: CODE, near: true, methods: ["browser", "device", "paste"] },
    { name: "far", input: CODE, near: false, methods: ["device", "paste"] },
    {
      name: "only a redirect, far",
      input: { ...CODE, methods: ["browser"] },
      near: false,
      methods: ["browser"],
    },
    {
      name: "the provider's order, far",
      input: { ...CODE, methods: ["paste", "browser"] },
      near: false,
      methods: ["paste"],
    },
    { name: "device grant", input: { grant: "device_code" }, near: true, methods: ["device"] },
    {
      name: "a page with a sign-in code",
      input: { ...CODE, paste: { page: "/auth", endpointHosts: ["a.example"] } },
      near: true,
      methods: ["paste"],
    },
  ], ({ input, near, methods }) => {
    const provider = plainProvider(input);
    assert.deepEqual(chooseMethods(provider, near, undefined), methods);
    for (const method of methods) assert.deepEqual(chooseMethods(provider, near, method), [method]);
  }));

test("chooseMethods() refuses a method that the provider does not have", () => {
  const provider = plainProvider({ ...CODE, methods: ["paste"] });
  throws(() => chooseMethods(provider, true, "browser"), "invalid_argument", /It has: paste\./);
});
