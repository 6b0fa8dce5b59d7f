// The page: a list of executions, and one of them with its graph and details. A running execution is refreshed every second.
import { themeButton } from '/theme.js';
import { StateGraph } from './graph.js';
import { duration, statesOf, statusesOf, visitsOf } from './model.js';
import * as panels from './panels.js';

const $ = (id) => document.getElementById(id);
const { element } = panels;
const TABS = { State: (app) => panels.state(app, app.picked), Events: panels.events, Maps: panels.maps, Execution: panels.whole };
const EVERY = 1000; // milliseconds

async function ask(path) {
  const response = await fetch(path);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? response.statusText);
  return answer;
}

const app = {
  executions: [], name: null, execution: null, events: [], maps: [], visits: [], statuses: new Map(), picked: null, item: null, tab: 'State',
  pick(name) {
    app.picked = name;
    app.tab = 'State';
    show();
  },
  pickItem(id) {
    app.item = id;
    show();
  },
};

function badge(status) {
  const kind = { succeeded: 'good', running: 'run' }[status] ?? 'bad';
  return element('span', `badge ${kind}`, status);
}

function list() {
  const focused = document.activeElement?.dataset?.execution;
  $('count').textContent = app.executions.length ? `newest ${app.executions.length}` : '';
  $('executions').replaceChildren(...app.executions.map((e) => {
    const button = element('button', '');
    button.type = 'button';
    button.dataset.execution = e.name;
    button.setAttribute('aria-current', String(e.name === app.name));
    button.title = e.name;
    const called = e.name.replace(/-[0-9a-f]{32}(-r\d+)?$/, '$1');
    button.append(element('span', `dot ${e.status}`), element('span', 'called', called),
      element('span', 'took', duration((e.stopped_ms ?? Date.now()) - e.started_ms)), element('small', '', `${e.status}, ${new Date(e.started_ms).toLocaleTimeString()}`));
    button.onclick = () => choose(e.name);
    return element('li', '', button);
  }));
  if (focused) document.querySelector(`[data-execution="${CSS.escape(focused)}"]`)?.focus();
  $('none').hidden = app.executions.length > 0;
}

function tabs() {
  $('tabs').replaceChildren(...Object.keys(TABS).map((name) => {
    const tab = element('button', '', name);
    tab.type = 'button';
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-selected', String(name === app.tab));
    tab.tabIndex = name === app.tab ? 0 : -1;
    tab.onclick = () => {
      app.tab = name;
      show();
    };
    return tab;
  }));
}

$('tabs').addEventListener('keydown', (e) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
  if (!by) return;
  const names = Object.keys(TABS);
  app.tab = names[(names.indexOf(app.tab) + by + names.length) % names.length];
  show();
  $('tabs').querySelector('[aria-selected="true"]').focus();
});

let drawn = '';
function show() {
  const { execution } = app;
  $('detail').hidden = !execution;
  if (!execution) return;
  app.visits = visitsOf(app.events, app.states, execution);
  app.statuses = statusesOf(app.visits, app.states, execution, app.maps);
  $('name').textContent = execution.name;
  $('status').replaceChildren(badge(execution.status));
  const took = duration((execution.stopped_ms ?? Date.now()) - execution.started_ms);
  $('times').textContent = `started ${new Date(execution.started_ms).toLocaleString()}, ${execution.stopped_ms ? 'took' : 'running for'} ${took}`;
  $('error').hidden = !execution.error;
  $('error').textContent = execution.error ? `${execution.error}\n${execution.cause ?? ''}` : '';
  const published = execution.status === 'succeeded' && (execution.output ?? '').includes('"outputs"');
  for (const [id, path] of [['play', ''], ['report', 'media/report.html']]) {
    $(id).hidden = !published;
    $(id).href = `/job/${execution.name}/${path}`;
  }
  app.graph.show(app.statuses, app.visits, app.picked);
  tabs();
  // Without changes the content is kept, and so are a selection and the scroll position.
  const key = JSON.stringify([app.name, app.tab, app.picked, app.item, app.events.length, app.maps, execution.status]);
  if (key !== drawn) {
    const { scrollTop } = $('body');
    const same = drawn && JSON.parse(drawn).slice(0, 3).join() === [app.name, app.tab, app.picked].join();
    $('body').replaceChildren(...TABS[app.tab](app).filter(Boolean));
    $('body').scrollTop = same ? scrollTop : 0;
    drawn = key;
  }
}

async function choose(name) {
  Object.assign(app, { name, execution: null, events: [], maps: [], picked: null, item: null });
  location.hash = name;
  list();
  await look();
}

/** Loads what is new in the selected execution. */
async function look() {
  const { name } = app;
  if (!name) return;
  const query = `execution=${encodeURIComponent(name)}`;
  // Loaded before the history: if the execution has ended, that history is complete.
  const execution = await ask(`/api/execution?${query}`);
  const [events, maps] = await Promise.all([ask(`/api/history?${query}&after=${app.events.at(-1)?.id ?? 0}`), ask(`/api/maps?${query}`)]);
  if (app.name !== name) return;
  const known = app.events.at(-1)?.id ?? 0;
  Object.assign(app, { execution, maps, events: [...app.events, ...events.filter((e) => e.id > known)] });
  app.picked ??= app.events.findLast((e) => e.kind === 'entered')?.state ?? null;
  show();
}

async function refresh() {
  app.executions = await ask('/api/executions');
  if (!app.name && app.executions.length) {
    const wanted = decodeURIComponent(location.hash.slice(1));
    await choose(app.executions.find((e) => e.name === wanted)?.name ?? app.executions[0].name);
  } else if (!app.execution || app.execution.status === 'running') {
    await look();
  }
  list();
}

async function overview() {
  const { place, stack, queues } = await ask('/api/overview');
  $('place').textContent = `${place}, deployment ${stack}`;
  $('queues').replaceChildren(...queues.map((q) => {
    const what = q.name.endsWith('dead-letter') ? 'dead letters' : 'queued';
    return element('span', `badge ${what === 'dead letters' && q.waiting ? 'bad' : ''}`, `${q.waiting + q.hidden} ${what}`);
  }).flatMap((badge) => [badge, ' ']));
}

async function turn() {
  try {
    await Promise.all([refresh(), overview()]);
    $('fault').hidden = true;
  } catch (error) {
    $('fault').textContent = `The local stack does not answer: ${error.message}`;
    $('fault').hidden = false;
  }
  setTimeout(turn, EVERY);
}

themeButton($('theme'));
$('paths').onchange = () => $('graph').classList.toggle('show-paths', $('paths').checked);
const definition = await ask('/api/definition');
app.states = statesOf(definition);
app.graph = new StateGraph($('graph'), definition, app.states, app.pick);
globalThis.reelsmith = app;
turn();
