// Drives Chromium over the pages that reelsmith serves, by a plan that tests/tests/browser/main.rs writes:
// {packages, chromium, artefacts, outputs: [{name, url, seconds, frame, frames, silent, tones, cues}], report, offline, console, failure}, of which
// the last four are {url, …} as pages.mjs takes them.
// Prints a table; exit code 1 where something is not as it must be. Screenshots go to `artefacts`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, page as openPage } from './chromium.mjs';
import { console_, failure, report } from './pages.mjs';
import { captions, everyRung, languages, rungSwitch, silent } from './playback.mjs';

const plan = JSON.parse(readFileSync(process.argv[2]));
mkdirSync(plan.artefacts, { recursive: true });
const picture = (name) => join(plan.artefacts, `${name}.png`);
const browser = await chromium(plan.packages, plan.chromium);
const rows = [];

async function player(output, kind) {
  const opened = await openPage(browser);
  await opened.page.goto(`${output.url}#${kind}`);
  await opened.page.waitForFunction(() => globalThis.reelsmith);
  await opened.page.evaluate(() => globalThis.reelsmith.ready);
  return opened;
}

async function plays(output) {
  for (const kind of ['hls', 'dash']) {
    const { page, complaints } = await player(output, kind);
    rows.push(...(await everyRung(page, kind, output)));
    rows.push(await rungSwitch(page, kind, output));
    if (output.silent) rows.push(await silent(page, kind));
    if (output.tones) rows.push(await languages(async () => (await player(output, kind)).page, kind, output, output.tones));
    if (output.cues) rows.push(await captions(page, kind, output, output.cues, picture(`${output.name}-${kind}`)));
    await page.screenshot({ path: picture(`${output.name}-${kind}-end`) });
    rows.push({ name: `${kind}: the page of ${output.name} complains of nothing`, wrong: complaints });
    await page.close();
  }
}

function line(row) {
  if (row.skipped) return `SKIPPED  ${row.name}: ${row.skipped}`;
  const numbers = row.decoded === undefined ? '' : `  ${row.decoded} frames decoded, ${row.stalls} stalls, widest gap ${(row.gap * 1000).toFixed(0)} ms, ${row.late} × decoded late`;
  return `${row.wrong.length ? 'FAILED ' : 'passed '}  ${row.name}${numbers}${row.wrong.map((w) => `\n           ${w}`).join('')}`;
}

try {
  if (plan.report) rows.push(await report(browser, 'report', picture, plan.report));
  if (plan.offline) rows.push(await report(browser, 'report-offline', picture, plan.offline));
  if (plan.console) rows.push(await console_(browser, plan.console.url, picture, plan.console));
  if (plan.failure) rows.push(await failure(browser, plan.failure.url, picture, plan.failure));
  for (const output of plan.outputs) await plays(output);
} finally {
  await browser.close();
}
const text = rows.map(line).join('\n');
writeFileSync(join(plan.artefacts, 'results.txt'), `Chromium ${browser.version}\n${text}\n`);
console.log(text);
const failed = rows.filter((r) => r.wrong?.length).length;
console.log(`${rows.filter((r) => r.wrong).length - failed} passed, ${failed} failed, ${rows.filter((r) => r.skipped).length} skipped`);
process.exit(failed ? 1 : 0);
