/** The recipe for GDAL, with GDAL itself: it reads a picture that needs a token. */
import assert from "node:assert/strict";
import { createCredentials } from "../../../mod.ts";
import { hasProgram } from "../../support/typist.ts";
import { createWorld } from "../../support/world.ts";
import { startGateway } from "./gateway.ts";
import { run } from "./run_recipe.ts";

const hasGdal = await hasProgram("gdalinfo");
if (!hasGdal) {
  const why = "skipped: the recipe for GDAL needs gdalinfo (Debian: gdal-bin)\n";
  Deno.stderr.writeSync(new TextEncoder().encode(why));
}

Deno.test({
  name: "recipes: GDAL reads a picture with a header file, and the file with the token is removed",
  ignore: !hasGdal,
  async fn() {
    await using world = await createWorld("spatiafi");
    const { sandbox, directory, options, user } = world;
    await using gateway = startGateway(world.api);
    await createCredentials("spatiafi", user, {
      directory: `${directory}/spatiafi`,
      authUrl: options.authUrl ?? "",
    });
    const temporary = `${directory}/tmp`;
    await Deno.mkdir(temporary);
    const env = {
      ...sandbox.environment,
      SPATIAFI_API_URL: gateway.url,
      XDG_CONFIG_HOME: directory,
      TMPDIR: temporary,
    };
    const { code, output, problems } = await run("gdal", ["/files/map.tif"], env);
    assert.equal(code, 0, problems);
    assert.match(output, /(Size is 1, 1|"width": ?1)/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary)), []);
    const missing = await run("gdal", ["/api/status/404"], env);
    assert.equal(missing.code, 1);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary)), []);
  },
});
