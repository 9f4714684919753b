import { cp } from "node:fs/promises";

/**
 * Creates another copy of the module, as if two packages in one program each brought one. Its files are
 * in their own folder.
 *
 * @param folder where to put it
 */
export async function loadCopy(folder: string): Promise<typeof import("../../mod.ts")> {
  const root = new URL("../../", import.meta.url);
  const copy = `${folder}/copy`;
  await cp(new URL("src/", root), `${copy}/src`, { recursive: true });
  await cp(new URL("mod.ts", root), `${copy}/mod.ts`);
  return await import(`file://${copy}/mod.ts`);
}
