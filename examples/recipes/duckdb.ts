// DuckDB: deno run -A examples/recipes/duckdb.ts "SELECT count(*) FROM '/files/points.parquet'" | duckdb
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";

const s = await getSession("spatiafi");
const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const query = Deno.args[0] ?? "SELECT * FROM '/files/points.csv'";
// DuckDB reads the SQL from standard input, so no argument and no history shows the token. The secret
// works for this API only, and DuckDB forgets it when it exits.
console.log(`INSTALL httpfs;
LOAD httpfs;
CREATE TEMPORARY SECRET onecell (
  TYPE http,
  SCOPE ${text(s.apiUrl)},
  BEARER_TOKEN ${text(await s.token({ minLifetime: 300 }))}
);
${query.replace(/'(\/[^']*)'/g, (_, path) => text(new URL(path, s.apiUrl).href))};`);
