// Puts every damage before every judge and writes docs/judges.md.
// Arguments: packages, folder of synthetic outputs, the program, an output of the pipeline, a folder for work, the document.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judges, run } from './judges.mjs';
import { media } from './media.mjs';

const [packages, damages, program, output, work, document] = process.argv.slice(2);
mkdirSync(work, { recursive: true });
const { all, versions } = judges(packages, work);
const names = Object.keys(all);
const { outputs, elsewhere } = JSON.parse(readFileSync(join(damages, 'index.json')));

/** What every judge says of an output. */
async function heard({ folder }) {
  const said = {};
  for (const name of names) said[name] = new Set(await all[name](join(damages, folder)));
  return said;
}

const goods = outputs.filter((o) => o.owner === null);
const known = Object.fromEntries(names.map((n) => [n, new Set()]));
const ofGood = [];
for (const good of goods) {
  const said = await heard(good);
  ofGood.push({ ...good, said });
  for (const name of names) for (const line of said[name]) known[name].add(line);
}

const rows = outputs.filter((o) => o.owner !== null);
const queue = [...rows];
async function work_off() {
  for (let row = queue.shift(); row; row = queue.shift()) {
    const said = await heard(row);
    row.by = names.filter((n) => [...said[n]].some((line) => !known[n].has(line)));
  }
}
await Promise.all([work_off(), work_off()]);
const real = await media(program, output, work);

const failures = [];
for (const row of rows) if (!row.found.includes(row.owner)) failures.push(`ours does not find: ${row.name}`);
for (const row of real.rows) if (row.rules.length === 0 && !row.ffmpeg) failures.push(`nobody finds: ${row.name}`);
if (!real.clean) failures.push(`the real output is not clean: ${JSON.stringify(real.seen)}`);

const count = (list) => `${list.length} of ${rows.length}`;
const anybody = rows.filter((r) => r.by.length > 0);
const ffmpegVersion = (await run('ffmpeg', ['-version'], work)).stdout.split(' ')[2].split('-')[0];
const table = (head, lines) => [head, head.map(() => '---'), ...lines].map((l) => `| ${l.join(' | ')} |`).join('\n');
const mark = (yes) => (yes ? 'yes' : '');
const about = {
  'hls-parser': 'strict HLS parser (`strictMode`)', 'm3u8-parser': "video.js's HLS parser, its warnings count",
  'mpd-parser': "video.js's DASH parser, its warnings count", 'mp4box.js': 'GPAC\'s ISO BMFF reader: every sample must have data',
  Bento4: '`mp4dump` of every box', ffmpeg: 'its HLS, DASH and MP4 demuxers, without decoding',
};

const owners = [...new Map(anybody.map((r) => [r.owner, r.severity]))];
const damagesOf = (owner) => anybody
  .filter((r) => r.owner === owner)
  .map((r) => `${r.name.replaceAll('|', '\\|')} (${r.by.join(', ')})`)
  .join('; ');

const text = `# What other validators find

Written by \`scripts/check-judges\`; do not edit. It gives every damaged output of the conformance rules' own tests to third-party
readers. A judge *catches* a damage if it reports something that it reports of no good output.

The rules of this project find all ${rows.length} damages, each by the rule that owns it. Other readers catch ${anybody.length} of them and miss
${rows.length - anybody.length}: players and parsers are built to continue, and no reader of files knows what the job promised. ${elsewhere} further damages are not in
files (headers, records, dates) and not counted here.

${table(['judge', 'version', 'what it does', 'catches'], [
    ['reelsmith', '', 'the conformance rules', count(rows)],
    ...names.map((n) => [n, versions[n] ?? ffmpegVersion, about[n], count(rows.filter((r) => r.by.includes(n)))]),
  ])}

## Good outputs

What judges report of good outputs, which therefore is no catch.

${table(['output', ...names], ofGood.map((g) => [g.folder, ...names.map((n) => (g.said[n].size ? `${g.said[n].size} remarks` : '0'))]))}

## Damage to real media

An output of the pipeline with damaged files. *Standard rules* are those of \`reelsmith validate\` without the job; with the job's
records SEG-02 finds every changed byte by the checksum of its segment. *Decoding* is \`ffmpeg -v error\` on the damaged rendition.

${table(['damage', 'standard rules', 'decoding'], real.rows.map((r) => [r.name, r.rules.join(', '), mark(r.ffmpeg)]))}

## What other readers catch

The other ${rows.length - anybody.length} damages are in the tests of the rules (\`shared/conformance/src/rules/tests\`).

${table(['rule', 'severity', 'damages, with the readers that catch them'], owners.map(([owner, severity]) => [owner, severity, damagesOf(owner)]))}
`;
writeFileSync(document, text);
console.log(`check-judges: ours finds ${rows.length - failures.filter((f) => f.startsWith('ours')).length} of ${rows.length}, others together ${anybody.length}; ${real.rows.length} damages to real media`);
for (const failure of failures) console.error(`check-judges: ${failure}`);
process.exit(failures.length ? 1 : 0);
