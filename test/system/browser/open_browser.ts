import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { NotebookPage } from "./notebook_page.ts";

const root = new URL("../../../", import.meta.url);
/** The time limit for anything on a page, in milliseconds. */
const PATIENCE = 30_000;
/** The width of a notebook in an editor's side column, in pixels. */
const NARROW = 460;

/** A person's browser. Each visit is a fresh one, signed in nowhere. */
export interface Person extends AsyncDisposable {
  /** Opens a notebook. */
  open(address: string): Promise<Visit>;
}

/** A browser window with a notebook in it. */
export interface Visit extends AsyncDisposable {
  notebook: NotebookPage;
  album: Album;
  /** Clicks something that opens a second tab. Returns the tab. */
  secondTab(click: () => Promise<void>): Promise<Page>;
}

/**
 * Starts Chromium. It can reach only this machine.
 *
 * @param title the subject of its pictures, such as "JupyterLab"
 */
export async function openBrowser(executablePath: string, title: string): Promise<Person> {
  const album = new Album(title);
  const browser: Browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-gpu",
      "--no-first-run",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    open: async (address) =>
      await visit(
        await browser.newContext({ viewport: wide, deviceScaleFactor: takesImages ? 1.5 : 1 }),
        address,
        album,
      ),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

const wide = { width: 900, height: 860 };

async function visit(context: BrowserContext, address: string, album: Album): Promise<Visit> {
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const notebook = new NotebookPage(page);
  await notebook.open(address);
  return {
    notebook,
    album,
    async secondTab(click) {
      const [tab] = await Promise.all([context.waitForEvent("page"), click()]);
      await tab.waitForLoadState();
      return tab;
    },
    async [Symbol.asyncDispose]() {
      // If a test fails, take a picture.
      await album.picture(page, `end_${/(\w+)\.ipynb/.exec(address)?.[1]}`);
      await context.close();
    },
  };
}

/** True if the pictures of the documents should be taken again. */
export const takesImages: boolean = Deno.env.get("ONECELL_IMAGES") === "1";

/** Pictures of one frontend, for a person to look at. */
export class Album {
  readonly #title: string;

  /** @param title the subject of the pictures, such as "JupyterLab" */
  constructor(title: string) {
    this.#title = title;
  }

  /** Takes a picture of a page. */
  async picture(page: Page, name: string): Promise<void> {
    const title = this.#title.toLowerCase().replace(/\W/g, "");
    await page.screenshot({ path: pathOf(`screenshots/${title}_${name}.png`) });
  }

  /**
   * Takes pictures of a part of a notebook: light, dark, and as narrow as in an editor's side column.
   *
   * @param part the part that must be visible
   */
  async pictures(notebook: NotebookPage, name: string, part: Locator): Promise<void> {
    const { page } = notebook;
    const take = async (kind: string) => {
      await part.scrollIntoViewIfNeeded();
      await this.picture(page, `${name}_${kind}`);
    };
    await take("light");
    await notebook.useTheme("JupyterLab Dark");
    await take("dark");
    await notebook.useTheme("JupyterLab Light");
    await page.setViewportSize({ ...wide, width: NARROW });
    await page.waitForTimeout(300);
    await take("narrow");
    await page.setViewportSize(wide);
  }

  /**
   * Takes pictures for the documents, light and dark, from one part of a notebook to another. Only those
   * of one frontend are taken.
   */
  async images(
    notebook: NotebookPage,
    name: string,
    [first, last]: [Locator, Locator],
  ): Promise<void> {
    if (!takesImages || this.#title !== "JupyterLab") return;
    const { page } = notebook;
    for (const theme of ["Dark", "Light"] as const) {
      await notebook.useTheme(`JupyterLab ${theme}`);
      await first.scrollIntoViewIfNeeded();
      const [top, bottom] = [await first.boundingBox(), await last.boundingBox()];
      if (!top || !bottom) throw new Error(`There is nothing to see for "${name}".`);
      await page.screenshot({
        path: pathOf(`examples/images/${name}_${theme.toLowerCase()}.png`),
        clip: { ...top, height: bottom.y + bottom.height - top.y },
      });
    }
  }
}

function pathOf(path: string): string {
  return decodeURIComponent(new URL(path, root).pathname);
}
