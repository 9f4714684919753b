import { cp } from "node:fs/promises";

/**
 * Another copy of the module, as two packages in one program may each bring: its files in a folder of
 * their own.
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
