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
  /** Clicks something that opens a second tab; gives the tab. */
  secondTab(click: () => Promise<void>): Promise<Page>;
}

/** Starts Chromium. It talks to this machine alone. */
export async function openBrowser(executablePath: string): Promise<Person> {
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
      ),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

const wide = { width: 900, height: 860 };

async function visit(context: BrowserContext, address: string): Promise<Visit> {
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const notebook = new NotebookPage(page);
  await notebook.open(address);
  return {
    notebook,
    async secondTab(click) {
      const [tab] = await Promise.all([context.waitForEvent("page"), click()]);
      await tab.waitForLoadState();
      return tab;
    },
    async [Symbol.asyncDispose]() {
      // Where a test fails, this is what it looked like.
      await picture(page, `end_${/(\w+)\.ipynb/.exec(address)?.[1]}`);
      await context.close();
    },
  };
}

/** Takes a picture of a page for a person to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: pathOf(`screenshots/browser_${name}.png`) });
}

/**
 * Takes pictures of a part of a notebook: light, dark, and as narrow as in an editor's side column.
 *
 * @param part what must be seen
 */
export async function pictures(notebook: NotebookPage, name: string, part: Locator): Promise<void> {
  const { page } = notebook;
  const take = async (kind: string) => {
    await part.scrollIntoViewIfNeeded();
    await picture(page, `${name}_${kind}`);
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

/** True when the pictures of the documents are to be taken anew. */
export const takesImages: boolean = Deno.env.get("ONECELL_IMAGES") === "1";

/**
 * Takes a picture for the documents, from one part of a notebook to another.
 *
 * @param home shown as `~`: a reader is not to learn where the one who took it lives
 */
export async function image(
  { page }: NotebookPage,
  name: string,
  [first, last]: [Locator, Locator],
  home: string,
): Promise<void> {
  if (!takesImages) return;
  await page.getByText(home).evaluateAll((elements, home) => {
    for (const element of elements as unknown as { innerHTML: string }[]) {
      element.innerHTML = element.innerHTML.replaceAll(home, "~");
    }
  }, home);
  await page.mouse.click(5, 500); // away from the notebook: no cell is marked
  await first.scrollIntoViewIfNeeded();
  const [top, bottom] = [await first.boundingBox(), await last.boundingBox()];
  if (!top || !bottom) throw new Error(`There is nothing to see for "${name}".`);
  await page.screenshot({
    path: pathOf(`examples/images/${name}.png`),
    clip: { ...top, height: bottom.y + bottom.height - top.y },
  });
}

function pathOf(path: string): string {
  return decodeURIComponent(new URL(path, root).pathname);
}
