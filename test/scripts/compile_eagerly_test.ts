import assert from "node:assert/strict";
import { compileEagerly } from "../../scripts/compile_eagerly.ts";
import { test } from "../support/tests.ts";

/** A module, and what its export `result` is with and without the change. */
const ROWS: { name: string; code: string; result: unknown }[] = [
  {
    name: "a function that is called above its declaration",
    code: "const result = twice(2);\nfunction twice(n) { return 2 * n; }\nexport { result };",
    result: 4,
  },
  {
    name: "functions that call one another",
    code: `function even(n) { return n === 0 || odd(n - 1); }
      function odd(n) { return n !== 0 && even(n - 1); }
      const result = [even(4), odd(4)];
      export { result };`,
    result: [true, false],
  },
  {
    name: "async functions and generators",
    code: `async function one() { return 1; }
      function* two() { yield 2; }
      async function* three() { yield 3; }
      const result = [await one(), ...two(), ...(await Array.fromAsync(three()))];
      export { result };`,
    result: [1, 2, 3],
  },
  {
    name: "arrow functions inside functions, in parameters and as arguments",
    code: `function f(g = (n) => n + 1) { return [1, 2].map((n) => ((m) => g(m))(n)); }
      const result = f();
      export { result };`,
    result: [2, 3],
  },
  {
    name: "methods, getters and fields",
    code:
      `class A { #n = 1; get n() { return this.#n; } plus = (m) => this.#n + m; static of() { return new A(); } }
      const o = { n() { return 2; }, get m() { return 3; }, f: function () { return this.n(); } };
      const result = [A.of().n, A.of().plus(4), o.n(), o.m, o.f()];
      export { result };`,
    result: [1, 5, 2, 3, 2],
  },
  {
    name: "the names of functions",
    code: `const a = () => {};
      const b = function () {};
      function c() {}
      const result = [a.name, b.name, c.name];
      export { result };`,
    result: ["a", "b", "c"],
  },
  {
    name: "imports stay first, and function declarations inside functions stay where they are",
    code: `import { sep } from "node:path";
      function f() { return g(); function g() { return sep.length; } }
      const result = f();
      export { result };`,
    result: 1,
  },
];

for (const { name, code, result } of ROWS) {
  test(`a module that is compiled at once does the same: ${name}`, async () => {
    const changed = compileEagerly(code, everywhere(code));
    assert.notEqual(changed, code);
    for (const text of [code, changed]) {
      const module = await import(`data:text/javascript,${encodeURIComponent(text)}`);
      assert.deepEqual(module.result, result);
    }
  });
}

test("every chosen function but methods is in parentheses", () => {
  const code =
    "const a = () => (b) => b;\nfunction c(d = function () {}) { return d; }\nexport { a, c };";
  const one = (ends: ReadonlySet<number>) => compileEagerly(code, ends).replace(/\s+/g, " ").trim();
  assert.equal(
    one(everywhere(code)),
    "const c = (function c(d = (function () {})) { return d; }); const a = (() => ((b) => b)); export { a, c };",
  );
  assert.equal(
    one(new Set([code.indexOf(")", code.indexOf("{}"))])),
    "const a = () => (b) => b; function c(d = (function () {})) { return d; } export { a, c };",
  );
  assert.equal(one(new Set()), code.replace(/\s+/g, " "));
});

/** All places, so that each function ends at one of them. */
function everywhere(code: string): ReadonlySet<number> {
  return new Set(Array.from({ length: code.length + 1 }, (_, at) => at));
}
