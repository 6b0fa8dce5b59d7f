// Draws what record_terminal.py recorded with a real terminal emulator (xterm.js) and takes its picture:
// node terminal.mjs PACKAGES RECORDING PICTURE
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execFileSync } from 'node:child_process';
import { chromium, page as openPage } from './chromium.mjs';

const [packages, recording, picture] = process.argv.slice(2).map((path) => resolve(path));
const { rows, columns, typed, pieces } = JSON.parse(readFileSync(recording, 'utf8'));
const installed = process.env.REELSMITH_CHROMIUM
  ?? execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser || command -v google-chrome']).toString().trim();
const file = (name) => readFileSync(join(packages, '@xterm/xterm', name), 'utf8');
const theme = {
  background: '#14171f', foreground: '#e8eaf1', green: '#5ad19a', cyan: '#74b5f7', yellow: '#e5b454', red: '#ff8590', brightBlack: '#717b90', cursor: '#14171f',
};

const browser = await chromium(packages, installed);
const { page, complaints } = await openPage(browser);
await page.setContent('<body style="margin:0;background:#14171f"><div id="t" style="padding:18px 22px;display:inline-block"></div></body>');
await page.addStyleTag({ content: file('css/xterm.css') });
await page.addScriptTag({ content: file('lib/xterm.js') });
const lines = await page.evaluate(async ([size, text, colours, command]) => {
  const terminal = new Terminal({ ...size, theme: colours, fontSize: 14, lineHeight: 1.2, fontFamily: '"DejaVu Sans Mono", monospace', convertEol: false, cursorInactiveStyle: 'none' });
  terminal.open(document.getElementById('t'));
  await new Promise((done) => terminal.write(`$ ${command}\r\n`, done));
  for (const piece of text) await new Promise((done) => terminal.write(piece, done));
  const buffer = terminal.buffer.active;
  let last = 0;
  for (let n = 0; n < buffer.length; n += 1) if (buffer.getLine(n).translateToString(true)) last = n + 1;
  return Math.min(last, size.rows);
}, [{ rows, cols: columns }, pieces, theme, typed]);
const { width, height } = await page.locator('.xterm-screen').boundingBox();
await page.screenshot({ path: picture, clip: { x: 0, y: 0, width: width + 44, height: Math.ceil((height / rows) * lines) + 36 } });
await browser.close();
if (complaints.length) throw new Error(complaints.join('\n'));
