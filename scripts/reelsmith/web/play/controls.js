// The controls below the picture, and the keys.
import { ranges } from './watch.js';

const $ = (id) => document.getElementById(id);
const SPEEDS = [0.25, 0.5, 1, 1.5, 2, 4, 8, 16];
const FRAME = 1 / 24;

const icon = (path) => `<svg viewBox="0 0 24 24" width="18" height="18" fill="currentColor" aria-hidden="true"><path d="${path}"/></svg>`;
const ICONS = {
  play: icon('M8 5v14l11-7z'),
  pause: icon('M7 5h4v14H7zm6 0h4v14h-4z'),
  sound: icon('M4 9v6h4l5 5V4L8 9zm12-.800v7.600a4.500 4.500 0 0 0 0-7.600zM16 3.500v2.100a7 7 0 0 1 0 12.800v2.100a9 9 0 0 0 0-17z'),
  silent: icon('M4 9v6h4l5 5V4L8 9zm17 .400L19.600 8 17.500 10.100 15.400 8 14 9.400l2.100 2.100L14 13.600l1.400 1.400 2.100-2.100 2.100 2.100 1.400-1.400-2.100-2.100z'),
  full: icon('M5 14H3v7h7v-2H5zM3 10h2V5h5V3H3zm16 9h-5v2h7v-7h-2zM14 3v2h5v5h2V3z'),
};

export function clock(seconds) {
  const s = Math.max(0, Number.isFinite(seconds) ? seconds : 0);
  const rest = (s % 60).toFixed(1).padStart(4, '0');
  const minutes = Math.floor(s / 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

export class Controls {
  constructor(video, frame, act) {
    this.video = video;
    this.act = act;
    const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
    $('playpause').onclick = toggle;
    video.onclick = toggle;
    $('seek').oninput = () => { video.currentTime = Number($('seek').value); };
    $('speed').onchange = () => { video.playbackRate = Number($('speed').value); };
    $('mute').onclick = () => { video.muted = !video.muted; };
    $('volume').oninput = () => { video.volume = Number($('volume').value); video.muted = false; };
    $('full').innerHTML = ICONS.full;
    const full = () => (document.fullscreenElement ? document.exitFullscreen() : frame.requestFullscreen());
    $('full').onclick = full;
    for (const name of ['play', 'pause', 'volumechange', 'ratechange', 'durationchange', 'waiting', 'playing', 'ended', 'seeked', 'loadeddata', 'emptied']) {
      video.addEventListener(name, () => this.show());
    }
    const speed = (by) => {
      const at = SPEEDS.findIndex((s) => s >= video.playbackRate);
      video.playbackRate = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))];
    };
    const seek = (by) => { video.currentTime = Math.min(Math.max(0, video.currentTime + by), video.duration || 0); };
    const step = (by) => { video.pause(); seek(by * FRAME); };
    const keys = {
      ' ': toggle, k: toggle, ArrowLeft: () => seek(-5), ArrowRight: () => seek(5), ',': () => step(-1), '.': () => step(1),
      '<': () => speed(-1), '>': () => speed(1), m: () => $('mute').click(), f: full, c: () => act.captions(),
    };
    document.addEventListener('keydown', (e) => {
      // A focused control handles its own keys.
      const own = e.target.matches('input, select') || (e.target.matches('button, a') && [' ', 'ArrowLeft', 'ArrowRight'].includes(e.key));
      if (own || e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return;
      e.preventDefault();
      keys[e.key]();
    });
    this.show();
    const tick = () => { this.time(); requestAnimationFrame(tick); };
    tick();
  }

  show() {
    const { video } = this;
    const name = video.paused ? 'Play' : 'Pause';
    $('playpause').innerHTML = video.paused ? ICONS.play : ICONS.pause;
    $('playpause').setAttribute('aria-label', name);
    $('playpause').title = `${name} (space)`;
    $('mute').innerHTML = video.muted || !video.volume ? ICONS.silent : ICONS.sound;
    $('volume').value = video.muted ? 0 : video.volume;
    $('speed').value = String(video.playbackRate);
    $('total').textContent = clock(video.duration);
    $('seek').max = Number.isFinite(video.duration) ? video.duration : 1;
    const waiting = !video.paused && !video.ended && video.readyState < 3;
    $('centre').className = `centre ${waiting ? 'wait' : video.paused && video.readyState >= 2 ? 'ready' : ''}`;
  }

  time() {
    const { video } = this;
    if (this.shown === video.currentTime && this.length === video.buffered.length) return;
    this.shown = video.currentTime;
    this.length = video.buffered.length;
    $('now').textContent = clock(video.currentTime);
    $('seek').value = video.currentTime;
    $('seek').setAttribute('aria-valuetext', `${clock(video.currentTime)} of ${clock(video.duration)}`);
    this.paint();
  }

  paint() {
    const canvas = $('loaded');
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== width) { canvas.width = width; canvas.height = height; }
    const paint = canvas.getContext('2d');
    const { video } = this;
    const x = (t) => (t / (video.duration || 1)) * width;
    paint.fillStyle = '#2d3444';
    paint.fillRect(0, 0, width, height);
    paint.fillStyle = '#5c6683';
    for (const [start, end] of ranges(video)) paint.fillRect(x(start), 0, x(end) - x(start), height);
    paint.fillStyle = '#8f9cff';
    paint.fillRect(0, 0, x(video.currentTime), height);
  }
}
