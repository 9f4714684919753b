/**
 * Checks each value on standard input against a JSON Schema, and reports errors. It is a separate
 * program with its own lock, because the module does not depend on the package.
 */
// By name, so that it is part of neither the module nor its lock file.
const { Ajv2020 } = await import(`npm:${"ajv@8.17.1"}/dist/2020.js`);
const { schema, values } = await new Response(Deno.stdin.readable).json();
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
const said = values.map((value) => ({ takes: validate(value), errors: validate.errors ?? [] }));
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(said)));
