// DASH with Shaka Player, behind the interface that the page needs of a player.
import '/vendor/shaka-player.dash-es2021.js';

const { shaka } = globalThis;
/** Buffered seconds that a change of rung or language keeps, so that playback does not stall. */
const KEPT = 3;
const playable = (codecs) => !codecs || MediaSource.isTypeSupported(`video/mp4; codecs="${codecs}"`);

export class DashEngine {
  static title = 'DASH · Shaka';
  static version = shaka.Player.version;

  constructor(video, on) {
    this.on = on;
    this.video = video;
    this.refused = [];
    shaka.polyfill.installAll();
    this.player = new shaka.Player();
    // The page shows stalls and gaps, so the player must not skip them.
    this.player.configure({ streaming: { bufferingGoal: 30, rebufferingGoal: 1, bufferBehind: 90, stallEnabled: false } });
    for (const name of ['trackschanged', 'variantchanged', 'textchanged', 'adaptation', 'texttrackvisibility', 'audiotrackschanged']) {
      this.player.addEventListener(name, () => on.change());
    }
    this.player.addEventListener('gapjumped', () => on.log('skipped a gap', 'bad'));
    this.player.addEventListener('error', (e) => on.fault(`Shaka error ${e.detail?.code}: ${e.detail?.message ?? ''}`, true));
    let height = 0;
    this.resized = () => {
      if (video.videoHeight !== height) {
        height = video.videoHeight;
        const now = this.rungs().find((r) => r.id === this.playing());
        if (now) on.log(`playing ${now.label} at ${now.what}`);
      }
    };
    video.addEventListener('resize', this.resized);
  }

  async load(url) {
    this.refused = await refused(url);
    await this.player.attach(this.video);
    await this.player.load(url);
  }

  // A variant is a rung with an audio track; for each rung, the one with the playing audio is used.
  variants() {
    const all = this.player.getVariantTracks();
    const active = all.find((t) => t.active) ?? all[0];
    return all.filter((t) => t.originalAudioId === active?.originalAudioId);
  }

  rungs() {
    const list = this.variants().map((t) => rung(t.originalVideoId ?? String(t.videoId), t.width, t.height, t.videoBandwidth ?? t.bandwidth, t.videoCodec ?? ''));
    return [...list, ...this.refused].sort((a, b) => b.bitrate - a.bitrate);
  }

  playing() { return this.player.getVariantTracks().find((t) => t.active)?.originalVideoId ?? null; }

  chosen() { return this.player.getConfiguration().abr.enabled ? null : this.playing(); }

  choose(id) {
    this.player.configure({ abr: { enabled: id === null } });
    if (id !== null) this.select(id, KEPT);
    this.on.change();
  }

  startWith(id) {
    this.player.configure({ abr: { enabled: false } });
    this.select(id, 0);
  }

  select(id, kept) {
    const track = this.variants().find((t) => t.originalVideoId === id);
    if (track && !track.active) this.player.selectVariantTrack(track, true, kept);
  }

  audios() {
    return this.player.getAudioTracks().map((t, n) => ({ id: n, language: t.language, label: t.label ?? t.language, chosen: t.active }));
  }

  chooseAudio(id) { this.player.selectAudioTrack(this.player.getAudioTracks()[id], KEPT); }

  texts() {
    return this.player.getTextTracks().map((t) => ({ id: t.id, language: t.language, label: t.label ?? t.language, chosen: t.active }));
  }

  chooseText(id) { this.player.selectTextTrack(this.player.getTextTracks().find((t) => t.id === id) ?? null); }

  bandwidth() { return this.player.getStats().estimatedBandwidth || 0; }

  async destroy() {
    this.video.removeEventListener('resize', this.resized);
    await this.player.destroy();
  }
}

/** The rungs of an MPD that this browser cannot play, because Shaka Player does not report them. */
async function refused(url) {
  const text = await (await fetch(url)).text();
  const mpd = new DOMParser().parseFromString(text, 'text/xml');
  return [...mpd.getElementsByTagNameNS('*', 'Representation')].flatMap((r) => {
    const of = (name) => r.getAttribute(name) ?? r.parentElement.getAttribute(name) ?? '';
    if (!of('mimeType').startsWith('video/') || playable(of('codecs'))) return [];
    return [{ ...rung(r.id, of('width'), of('height'), Number(of('bandwidth')), of('codecs')), refused: true }];
  });
}

function rung(id, width, height, bitrate, codec) {
  return { id, label: `${width}×${height}`, width, height, bitrate, codec, what: `${(bitrate / 1e6).toFixed(2)} Mbit/s` };
}
