// Statistics of a video element: stalls, gaps in its buffer, decoded and dropped frames.

/** Seconds from the playhead to the end of its buffered range. */
export function ahead(video) {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.05 && currentTime < buffered.end(i)) return buffered.end(i) - currentTime;
  }
  return 0;
}

/** Buffered ranges as [start, end] in seconds. */
export function ranges(video) {
  return Array.from({ length: video.buffered.length }, (_, i) => [video.buffered.start(i), video.buffered.end(i)]);
}

/** Collects the statistics of one playback. */
export class Watch {
  constructor(video, log) {
    this.video = video;
    this.log = log;
    this.stalls = 0;
    this.late = 0;
    this.waited = 0;
    this.widest = 0;
    this.sizes = [];
    this.presented = 0;
    this.began = false;
    this.stop = new AbortController();
    const on = (name, act) => video.addEventListener(name, act, { signal: this.stop.signal });
    on('playing', () => this.playing());
    on('waiting', () => this.waiting());
    on('progress', () => this.gaps());
    on('timeupdate', () => this.gaps());
    on('resize', () => this.size());
    on('seeking', () => { this.began = false; });
    this.frames();
  }

  playing() {
    this.began = true;
    if (this.since) this.waited += (performance.now() - this.since) / 1000;
    this.since = 0;
    this.size();
  }

  // A video element also waits before its first frame, after a seek and at the end; none of these is a stall. If it waits
  // although media are buffered, the machine did not decode them in time.
  waiting() {
    const { video } = this;
    if (!this.began || video.seeking || video.ended || video.duration - video.currentTime < 0.1) return;
    this.since = performance.now();
    if (ahead(video) > 0.25 * video.playbackRate) {
      this.late += 1;
      return;
    }
    this.stalls += 1;
    this.log(`stalled at ${video.currentTime.toFixed(2)} s`, 'bad');
  }

  gaps() {
    const all = ranges(this.video);
    for (let i = 1; i < all.length; i++) this.widest = Math.max(this.widest, all[i][0] - all[i - 1][1]);
  }

  size() {
    const { videoWidth, videoHeight } = this.video;
    const size = `${videoWidth}x${videoHeight}`;
    if (videoWidth && this.sizes.at(-1) !== size) this.sizes.push(size);
  }

  frames() {
    if (!this.video.requestVideoFrameCallback) return;
    this.video.requestVideoFrameCallback((_, frame) => {
      if (this.stop.signal.aborted) return;
      this.presented = frame.presentedFrames;
      this.frames();
    });
  }

  /** All statistics so far: gaps and waiting in seconds, sizes in the order in which they were shown. */
  facts() {
    const { video } = this;
    const quality = video.getVideoPlaybackQuality();
    return {
      time: video.currentTime, duration: video.duration, ended: video.ended, ahead: ahead(video), ranges: ranges(video),
      stalls: this.stalls, late: this.late, waited: this.waited, widestGap: this.widest, sizes: [...this.sizes],
      decoded: quality.totalVideoFrames, dropped: quality.droppedVideoFrames, presented: this.presented,
    };
  }

  end() {
    this.stop.abort();
  }
}
