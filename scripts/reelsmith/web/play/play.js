// The page: one video element with one player at a time, its choices, and its statistics.
import { themeButton } from '/theme.js';
import { Controls, clock } from './controls.js';
import { DashEngine } from './dash.js';
import { Graph } from './graphs.js';
import { HlsEngine } from './hls.js';
import { Watch } from './watch.js';

const $ = (id) => document.getElementById(id);
const video = $('video');
const graph = new Graph($('graph'));
const ENGINES = { hls: HlsEngine, dash: DashEngine };
let engine = null;
let watch = null;
let output = null;
let current = '';

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function log(text, className = '') {
  const line = element('li', className);
  line.append(element('time', '', clock(video.currentTime)), text);
  $('log').prepend(line);
  while ($('log').children.length > 60) $('log').lastChild.remove();
}

const faults = [];
function fault(text, fatal) {
  faults.push({ text, fatal: Boolean(fatal) });
  log(text, 'bad');
  if (fatal) {
    $('fault').textContent = text;
    $('fault').hidden = false;
  }
}

/** Fills a group with choices: {id, label, what, chosen, playing, refused}. */
function choices(group, list, choose) {
  const focused = [...group.children].findIndex((c) => c === document.activeElement);
  const fresh = list.map((choice) => {
    const button = element('button', 'choice');
    button.type = 'button';
    button.setAttribute('role', 'radio');
    button.setAttribute('aria-checked', String(Boolean(choice.chosen)));
    button.tabIndex = choice.chosen ? 0 : -1;
    button.disabled = Boolean(choice.refused);
    const name = element('span', '', choice.label);
    if (choice.playing) name.append(' ', element('span', 'playing', '● playing'));
    button.append(name, element('span', 'what', choice.refused ? `not supported by this browser` : choice.what ?? ''));
    button.onclick = () => choose(choice.id);
    return button;
  });
  if (fresh.length && !fresh.some((b) => b.tabIndex === 0)) fresh[0].tabIndex = 0;
  group.replaceChildren(...fresh);
  if (!fresh.length) group.append(element('span', 'soft', 'none'));
  if (focused >= 0) fresh[focused]?.focus();
}

// Arrow keys move within a group of choices, as in any group of radio buttons.
for (const group of document.querySelectorAll('[role="radiogroup"], [role="tablist"]')) {
  group.addEventListener('keydown', (e) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[e.key];
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    const all = [...group.querySelectorAll('button:not(:disabled)')];
    const next = all[(all.indexOf(document.activeElement) + by + all.length) % all.length];
    next?.focus();
    next?.click();
  });
}

function show() {
  if (!engine) return;
  const [playing, chosen] = [engine.playing(), engine.chosen()];
  const rungs = engine.rungs();
  const now = rungs.find((r) => r.id === playing);
  const auto = { id: null, label: 'Automatic', what: chosen === null && now ? now.label : '', chosen: chosen === null };
  const listed = rungs.map((r) => ({ ...r, what: `${r.codec.split('.')[0]} · ${r.what}`, chosen: r.id === chosen, playing: r.id === playing }));
  choices($('rungs'), [auto, ...listed], (id) => engine.choose(id));
  const named = (t) => ({ ...t, label: spoken(t), what: t.language });
  choices($('audios'), engine.audios().map(named), (id) => { engine.chooseAudio(id); setTimeout(show, 50); });
  const texts = engine.texts();
  const off = { id: null, label: 'Off', chosen: !texts.some((t) => t.chosen) };
  choices($('texts'), texts.length ? [off, ...texts.map(named)] : [], (id) => { engine.chooseText(id); setTimeout(show, 50); });
}

/** The name of a track: its label, else the name of the language. */
function spoken({ label, language }) {
  if (label && label !== language) return label;
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(language);
  } catch {
    return label || language || 'track';
  }
}

function captions() {
  const texts = engine?.texts() ?? [];
  const at = texts.findIndex((t) => t.chosen);
  engine?.chooseText(texts[at + 1]?.id ?? null);
  setTimeout(show, 50);
}

const READOUT = [
  ['Playing', (f) => [f.rung?.label ?? '–', f.rung ? `${f.rung.codec} · ${f.rung.what}` : ''], () => false],
  ['Buffer ahead', (f) => [`${f.ahead.toFixed(1)} s`, `${f.ranges.length} range${f.ranges.length === 1 ? '' : 's'}`], () => false],
  ['Stalls', (f) => [String(f.stalls), f.late ? `${f.late} × decoded late` : `${f.waited.toFixed(1)} s in total`], (f) => f.stalls > 0],
  ['Widest gap', (f) => [`${(f.widestGap * 1000).toFixed(0)} ms`, 'in the buffer'], (f) => f.widestGap > 0.042],
  ['Frames decoded', (f) => [String(f.decoded), `${f.presented} shown`], () => false],
  ['Frames dropped', (f) => [String(f.dropped), f.decoded ? `${((100 * f.dropped) / f.decoded).toFixed(1)} %` : ''], (f) => f.dropped > f.decoded / 50],
  ['Throughput', (f) => [(f.bandwidth / 1e6).toFixed(f.bandwidth < 1e8 ? 1 : 0), 'Mbit/s (estimate)'], () => false],
];
const cells = READOUT.map(([title]) => {
  const card = element('dl', 'card stat');
  const value = element('dd', '');
  card.append(element('dt', '', title), value);
  card.style.margin = '0';
  $('readout').append(card);
  return { card, value };
});

/** Everything that the page knows about the playback. */
function facts() {
  const rungs = engine.rungs();
  return { ...watch.facts(), engine: current, rung: rungs.find((r) => r.id === engine.playing()) ?? null, bandwidth: engine.bandwidth(), faults: [...faults] };
}

let stallsSeen = 0;
setInterval(() => {
  if (!engine || !watch) return;
  const f = facts();
  READOUT.forEach(([, text, bad], i) => {
    const [main, more] = text(f);
    cells[i].value.textContent = main;
    cells[i].value.append(element('small', '', more));
    cells[i].card.classList.toggle('bad', bad(f));
  });
  if (!video.paused || f.stalls !== stallsSeen) graph.add(f.ahead, f.rung && `${f.rung.height}p`, f.stalls !== stallsSeen);
  stallsSeen = f.stalls;
}, 250);

/** Loads the output with one of the players, from the start. `rung` selects a rung from the first segment on. */
async function open(kind, rung = null) {
  const before = engine;
  engine = null;
  watch?.end();
  await before?.destroy();
  faults.length = 0;
  stallsSeen = 0;
  graph.reset();
  $('fault').hidden = true;
  $('log').replaceChildren();
  current = kind;
  for (const tab of $('tabs').children) {
    tab.setAttribute('aria-selected', String(tab.dataset.kind === kind));
    tab.tabIndex = tab.dataset.kind === kind ? 0 : -1;
  }
  const fresh = new ENGINES[kind](video, { change: show, log, fault });
  watch = new Watch(video, log);
  engine = fresh;
  try {
    await fresh.load(output[kind]);
    if (rung !== null) fresh.startWith(rung);
  } catch (error) {
    fault(`could not load ${output[kind]}: ${error.message}`, true);
  }
  show();
}

async function begin() {
  themeButton($('theme'));
  output = await (await fetch('api/output')).json();
  $('name').textContent = output.name;
  document.title = `${output.name} · reelsmith player`;
  if (output.report) {
    $('report').href = output.report;
    $('report').hidden = false;
  }
  const kinds = Object.keys(ENGINES).filter((k) => output[k]);
  for (const kind of kinds) {
    const tab = element('button', '', ENGINES[kind].title);
    tab.type = 'button';
    tab.setAttribute('role', 'tab');
    tab.dataset.kind = kind;
    tab.title = `${ENGINES[kind].title} ${ENGINES[kind].version}`;
    tab.onclick = () => open(kind);
    $('tabs').append(tab);
  }
  new Controls(video, $('frame'), { captions });
  const wanted = location.hash.slice(1);
  await open(kinds.includes(wanted) ? wanted : kinds[0]);
}

// For the browser tests and for the console of the browser.
globalThis.reelsmith = { open, facts, video, engine: () => engine, ready: begin() };
