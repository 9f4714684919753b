import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { NotebookPage } from "./notebook_page.ts";

const root = new URL("../../../", import.meta.url);
/** How long anything on a page may take, in milliseconds. */
const PATIENCE = 30_000;
/** The width of a notebook in an editor's side column, in pixels. */
const NARROW = 460;

/** A person's browser. Each visit is a fresh one: nothing is signed in anywhere. */
export interface Person extends AsyncDisposable {
  /** Opens a notebook. */
  open(address: string): Promise<Visit>;
}

/** A browser window with a notebook in it. */
export interface Visit extends AsyncDisposable {
  notebook: NotebookPage;
  album: Album;
  /** Clicks something that opens a second tab; gives the tab. */
  secondTab(click: () => Promise<void>): Promise<Page>;
}

/**
 * Starts Chromium. It talks to this machine alone.
 *
 * @param title what its pictures show, such as "JupyterLab"
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
      // Where a test fails, this is what it looked like.
      await album.picture(page, `end_${/(\w+)\.ipynb/.exec(address)?.[1]}`);
      await context.close();
    },
  };
}

/** True when the pictures of the documents are to be taken again. */
export const takesImages: boolean = Deno.env.get("ONECELL_IMAGES") === "1";

/** Pictures of one frontend, for a person to look at. */
export class Album {
  readonly #title: string;

  /** @param title what the pictures show, such as "JupyterLab" */
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
   * @param part what must be seen
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
   * Takes pictures for the documents, light and dark, from one part of a notebook to another. Only one
   * frontend's are taken.
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
