/**
 * Says of each value on standard input whether a JSON Schema takes it, and why not. A program of its
 * own, with a lock of its own: the module has no package for it.
 */
// By name: no part of the module, nor of its lock file.
const { Ajv2020 } = await import(`npm:${"ajv@8.17.1"}/dist/2020.js`);
const { schema, values } = await new Response(Deno.stdin.readable).json();
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
const said = values.map((value) => ({ takes: validate(value), errors: validate.errors ?? [] }));
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(said)));
