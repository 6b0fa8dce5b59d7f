// The other pages: report.html and the console render without a script error, light and dark, and show what they must.
import { page as openPage } from './chromium.mjs';

const PATIENCE = 20_000;

/** Opens a page, lets `check` look at it, takes its picture in both themes. */
async function look(browser, name, url, picture, check) {
  const wrong = [];
  for (const dark of [false, true]) {
    const { page, complaints } = await openPage(browser, { dark });
    await page.goto(url);
    try {
      await check(page, (good, text) => good || wrong.push(text));
    } catch (error) {
      wrong.push(String(error));
    }
    await page.screenshot({ path: picture(dark ? `${name}-dark` : name), fullPage: name.startsWith('report') });
    wrong.push(...complaints);
    await page.close();
  }
  return { name: `${name}: renders and complains of nothing`, wrong };
}

/** The page of a job: served beside its output, or made by the command and opened as a file. */
export function report(browser, name, picture, expected) {
  return look(browser, name, expected.url, picture, async (page, is) => {
    const text = await page.textContent('body');
    for (const part of expected.texts) is(text.includes(part), `report: expected ${part}`);
    const plots = await page.locator('figure.plot svg').count();
    is(plots === expected.plots, `report: expected ${expected.plots} plots, found ${plots}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    is(wide <= 0, `report: expected to fit the window, found ${wide} pixels too wide`);
    const small = await page.locator('figure.plot svg').first().boundingBox();
    const sheets = await page.evaluate(async () => Promise.all([...document.querySelectorAll('defs image')].map(async (sheet) => {
      const image = new Image();
      image.src = sheet.getAttribute('href');
      await image.decode();
      return image.naturalWidth;
    })));
    is(sheets.length > 0 && sheets.every((w) => w > 100), `report: expected sheets of thumbnails, found ${JSON.stringify(sheets)}`);
    const thumbnail = await page.locator('.thumbnail').first().boundingBox();
    is(thumbnail?.width > 100 && thumbnail.height > 60, `report: expected thumbnails that can be seen, found ${JSON.stringify(thumbnail)}`);
    is(small.width > 600 && small.height > 60, `report: expected a plot that can be read, found ${JSON.stringify(small)}`);
  });
}

export function console_(browser, url, picture, expected) {
  return look(browser, 'console', `${url}#${expected.execution}`, picture, async (page, is) => {
    await page.waitForFunction((n) => globalThis.reelsmith?.execution?.name === n, expected.execution, { timeout: PATIENCE });
    const nodes = await page.locator('.node').count();
    is(nodes === expected.states, `console: expected ${expected.states} states, found ${nodes}`);
    const status = (name) => page.locator(`.node[aria-label^="${name},"]`).getAttribute('class');
    for (const state of ['ParseManifest', 'TranscodeChunks', 'TranscodeChunk', 'ValidateOutput', 'PublishJob']) {
      is((await status(state))?.includes('succeeded'), `console: expected ${state} succeeded, found ${await status(state)}`);
    }
    is((await status('FailJob'))?.includes('idle'), 'console: expected FailJob not entered');
    await page.locator('.node[aria-label^="SubmitJob,"]').focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.getElementById('body').textContent.includes('DUPLICATE') || document.getElementById('body').textContent.includes('ENCODE'), null, { timeout: PATIENCE });
    await page.getByRole('tab', { name: 'Events' }).click();
    is((await page.locator('#body tbody tr').count()) >= 20, 'console: expected events');
    await page.getByRole('tab', { name: 'Maps' }).click();
    await page.waitForSelector('.cell.done', { timeout: PATIENCE });
    await page.locator('.cell.done').first().click();
    await page.waitForFunction(() => document.getElementById('body').textContent.includes('Worker'), null, { timeout: PATIENCE });
    for (const id of ['play', 'report']) {
      const href = await page.locator(`#${id}`).getAttribute('href');
      const answer = await page.request.get(new URL(href, page.url()).href);
      is(answer.ok(), `console: expected ${href} to answer, found ${answer.status()}`);
    }
  });
}

/** The console of a job that failed names the error. */
export function failure(browser, url, picture, expected) {
  return look(browser, 'console-failed', `${url}#${expected.execution}`, picture, async (page, is) => {
    await page.waitForFunction((n) => globalThis.reelsmith?.execution?.name === n, expected.execution, { timeout: PATIENCE });
    is((await page.textContent('#error')).includes(expected.error), `console: expected ${expected.error}`);
    const node = page.locator(`.node[aria-label^="${expected.state},"]`);
    is((await node.getAttribute('class')).includes('caught'), `console: expected ${expected.state} failed and caught, found ${await node.getAttribute('class')}`);
  });
}
