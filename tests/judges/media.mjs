// Damage to an output of real media, and who sees it: the rules without and with the job's records, and a decoder.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ffmpeg, run } from './judges.mjs';

const VIDEO = 'video/h264_360p';

/** The offset of a box's type, or an error: a damage that hits nothing would prove nothing. */
function find(bytes, type) {
  const at = bytes.indexOf(type, 0, 'latin1');
  if (at < 0) throw new Error(`expected a box ${type}, found none`);
  return at;
}

function change(path, edit) {
  return (folder) => {
    const file = join(folder, path);
    const before = readFileSync(file);
    const after = edit(Buffer.from(before), folder);
    if (before.equals(after)) throw new Error(`the damage changes nothing in ${path}`);
    writeFileSync(file, after);
  };
}

const text = (path, from, to) => change(path, (bytes) => Buffer.from(bytes.toString().replace(from, to)));
const segment = (folder, number) => `${folder}/seg_0000${number}.m4s`;
const audio = (folder) => `audio/${readdirSync(join(folder, 'audio')).sort()[0]}`;

/** The renditions that are damaged. */
const playlists = (folder) => [VIDEO, audio(folder)].map((f) => `${f}/playlist.m3u8`);

const DAMAGES = [
  ['a picture in the middle is overwritten', change(segment(VIDEO, 1), (b) => b.fill(0x55, b.length >> 1, (b.length >> 1) + 400))],
  ['the first picture is zeros', change(segment(VIDEO, 2), (b) => b.fill(0, find(b, 'mdat') + 4, find(b, 'mdat') + 2_000))],
  ['one bit of a picture is flipped', change(segment(VIDEO, 1), (b) => { b[b.length - 900] ^= 4; return b; })],
  ['audio is zeros', (f) => change(segment(audio(f), 1), (b) => b.fill(0, find(b, 'mdat') + 4))(f)],
  ['half of a segment is gone', change(segment(VIDEO, 2), (b) => b.subarray(0, b.length >> 1))],
  ['a segment is gone', (f) => rmSync(join(f, segment(VIDEO, 2)))],
  ['a segment is there twice', change(segment(VIDEO, 2), (_, f) => readFileSync(join(f, segment(VIDEO, 1))))],
  ['a segment of another rung', change(segment(VIDEO, 2), (_, f) => readFileSync(join(f, segment('video/h264_480p', 2))))],
  ['the init segment of another rung', change(`${VIDEO}/init.mp4`, (_, f) => readFileSync(join(f, 'video/h264_480p/init.mp4')))],
  ['audio decoding times one frame late', (f) => change(segment(audio(f), 2), (b) => {
    const at = find(b, 'tfdt') + 4;
    const low = at + (b[at] === 1 ? 8 : 4);
    b.writeUInt32BE(b.readUInt32BE(low) + 1_024, low);
    return b;
  })(f)],
  ['EXTINF of a segment is half of what it is', text(`${VIDEO}/playlist.m3u8`, /#EXTINF:[0-9.]+/, '#EXTINF:2.000000')],
  ['BANDWIDTH is a tenth', text('master.m3u8', /:BANDWIDTH=(\d+)\d/, ':BANDWIDTH=$1')],
  ['CODECS of another level', text('master.m3u8', /avc1\.64001[eE]/, 'avc1.640034')],
];

async function rules(program, folder) {
  const { stdout, stderr, code } = await run(program, ['validate', folder, '--format', 'json'], folder);
  if (code !== 0 && code !== 1) throw new Error(`reelsmith validate ended with ${code}: ${stderr}`);
  const { violations } = JSON.parse(stdout);
  return [...new Set(violations.map((v) => v.rule))];
}

/** A row for each damage: its name, the rules that are broken, whether decoding complains. */
export async function media(program, output, work) {
  const seen = { rules: await rules(program, output), ffmpeg: await ffmpeg(output, playlists(output)) };
  const rows = [];
  for (const [name, damage] of DAMAGES) {
    const folder = join(work, 'media');
    cpSync(output, folder, { recursive: true });
    damage(folder);
    const decoding = await ffmpeg(folder, playlists(folder));
    rows.push({ name, rules: await rules(program, folder), ffmpeg: decoding.length > 0 });
    rmSync(folder, { recursive: true });
  }
  return { clean: seen.rules.length === 0 && seen.ffmpeg.length === 0, seen, rows };
}
