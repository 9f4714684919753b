/** A test's own folder, removed at the end of the test. */
export class TestFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TestFolder> {
    return new TestFolder(await Deno.makeTempDir({ prefix: "onecell-test-" }));
  }

  /** The path of something in it. */
  at(...names: string[]): string {
    return [this.path, ...names].join("/");
  }

  /** Every file and folder in it, with its mode in octal: `{ "a/b": "600" }`. */
  async modes(): Promise<Record<string, string>> {
    const modes: Record<string, string> = {};
    const visit = async (folder: string) => {
      for await (const entry of Deno.readDir(this.at(folder))) {
        const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
        const { mode } = await Deno.lstat(this.at(name));
        modes[name] = ((mode ?? 0) & 0o777).toString(8);
        if (entry.isDirectory) await visit(name);
      }
    };
    await visit("");
    return modes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
