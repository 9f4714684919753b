// GDAL, and tools that use it (rasterio, QGIS): deno run -A examples/recipes/gdal.ts PATH
// deno-lint-ignore-file no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";

const s = await getSession("spatiafi");
const url = new URL(Deno.args[0] ?? "/files/map.tif", s.apiUrl);
// A file that only you can read, because other users can see a program's arguments.
const headers = await Deno.makeTempFile({ prefix: "gdal-" });
try {
  await Deno.writeTextFile(
    headers,
    `Authorization: Bearer ${await s.token({ minLifetime: 300 })}\n`,
  );
  const { code } = await new Deno.Command("gdalinfo", {
    args: [`/vsicurl/${url}`],
    env: {
      GDAL_HTTP_HEADER_FILE: headers,
      // Without this, GDAL also requests the files next to it.
      GDAL_DISABLE_READDIR_ON_OPEN: "EMPTY_DIR",
    },
  }).spawn().status;
  if (code !== 0) throw new Error(`gdalinfo failed with exit code ${code}`);
} finally {
  await Deno.remove(headers);
}
