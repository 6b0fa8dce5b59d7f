// HLS with hls.js, behind the interface that the page needs of a player.
import Hls from '/vendor/hls.min.mjs';

const playable = (codecs) => !codecs || MediaSource.isTypeSupported(`video/mp4; codecs="${codecs}"`);

export class HlsEngine {
  static title = 'HLS · hls.js';
  static version = Hls.version;

  /** Callbacks in `on`: change (the choices or the playing rung), log (text), fault (text, fatal). */
  constructor(video, on) {
    this.on = on;
    this.refused = [];
    const hls = new Hls({ enableWorker: false, maxBufferLength: 30, backBufferLength: 90, startLevel: -1 });
    this.hls = hls;
    hls.attachMedia(video);
    const { Events } = Hls;
    // hls.js removes levels that this browser cannot play after this event.
    hls.on(Events.MANIFEST_LOADED, (_, data) => {
      this.refused = data.levels.filter((l) => l.videoCodec && !playable(l.videoCodec)).map((l) => rung(l, `x${l.url}`));
    });
    hls.on(Events.LEVEL_SWITCHED, (_, { level }) => {
      const now = this.rungs().find((r) => r.id === hls.levels[level]?.url[0]);
      if (now) on.log(`playing ${now.label} at ${now.what}`);
      on.change();
    });
    for (const name of ['MANIFEST_PARSED', 'AUDIO_TRACKS_UPDATED', 'AUDIO_TRACK_SWITCHED', 'SUBTITLE_TRACKS_UPDATED', 'SUBTITLE_TRACK_SWITCH']) {
      hls.on(Events[name], () => on.change());
    }
    hls.on(Events.ERROR, (_, data) => {
      // A seek or a switch aborts running requests; that is not a fault.
      if (data.details === Hls.ErrorDetails.INTERNAL_ABORTED && !data.fatal) return;
      // The page counts stalls itself and distinguishes missing media from late decoding.
      if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR && !data.fatal) return;
      on.fault(`${data.details}${data.reason ? `: ${data.reason}` : ''}`, data.fatal);
    });
  }

  load(url) {
    return new Promise((resolve, reject) => {
      this.hls.once(Hls.Events.MANIFEST_PARSED, () => resolve());
      this.hls.on(Hls.Events.ERROR, (_, data) => data.fatal && reject(new Error(data.details)));
      this.hls.loadSource(url);
    });
  }

  /** The rungs, best first. Those that this browser cannot play are marked. */
  rungs() {
    const byUrl = new Map(this.hls.levels.map((l) => [l.url[0], rung(l, l.url[0])]));
    return [...byUrl.values(), ...this.refused.map((r) => ({ ...r, refused: true }))].sort((a, b) => b.bitrate - a.bitrate);
  }

  /** The playing rung. */
  playing() { return this.hls.levels[this.hls.currentLevel]?.url[0] ?? null; }

  /** The chosen rung; null if the player chooses. */
  chosen() { return this.hls.autoLevelEnabled ? null : this.hls.levels[this.hls.nextLevel]?.url[0] ?? null; }

  choose(id) {
    const { hls } = this;
    hls.nextLevel = id === null ? -1 : hls.levels.findIndex((l) => l.url[0] === id);
    this.on.change();
  }

  /** Selects the rung to play from the first segment on. Called before anything is loaded. */
  startWith(id) {
    const { hls } = this;
    const level = hls.levels.findIndex((l) => l.url[0] === id);
    hls.startLevel = level;
    hls.loadLevel = level;
  }

  audios() {
    // Before the first choice there is no next track.
    const { nextAudioTrack: next, audioTrack: now } = this.hls;
    return this.hls.audioTracks.map((t) => ({ id: t.id, language: t.lang, label: t.name, chosen: t.id === (next >= 0 ? next : now) }));
  }

  /** Takes effect at the next segment, so that playback does not stall. */
  chooseAudio(id) { this.hls.nextAudioTrack = id; }

  texts() { return this.hls.subtitleTracks.map((t) => ({ id: t.id, language: t.lang, label: t.name, chosen: t.id === this.hls.subtitleTrack })); }

  chooseText(id) {
    this.hls.subtitleDisplay = id !== null;
    this.hls.subtitleTrack = id ?? -1;
  }

  bandwidth() { return this.hls.bandwidthEstimate || 0; }

  async destroy() { this.hls.destroy(); }
}

function rung(level, id) {
  return { id, label: `${level.width}×${level.height}`, width: level.width, height: level.height, bitrate: level.bitrate, codec: level.videoCodec ?? '', what: `${(level.bitrate / 1e6).toFixed(2)} Mbit/s` };
}
