// The details next to the graph.
import { duration, readable } from './model.js';

export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

function json(text) {
  let shown = text ?? '';
  try {
    if (text) shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch { /* not JSON: shown unchanged */ }
  return element('pre', 'json', shown || '–');
}

const row = (cells, tag = 'td') => element('tr', '', ...cells.map((c) => (c instanceof Node && c.tagName.toLowerCase() === tag ? c : element(tag, '', c))));

/** One state: its visits with times, input, output and failures. */
export function state(app, name) {
  if (!name) return [element('p', 'soft', 'Select a state in the graph.')];
  const known = app.states.get(name);
  const parts = [element('h3', '', name, ' ', element('span', 'badge', known.state.Type))];
  if (known.state.Comment) parts.push(element('p', 'soft', known.state.Comment));
  if (known.state.Resource) parts.push(element('p', '', element('code', '', known.state.Resource)));
  const visits = app.visits.filter((v) => v.state === name);
  if (!visits.length) parts.push(element('p', 'soft', app.statuses.has(name) ? 'Runs once for each item of its Map; see Maps.' : 'Not entered.'));
  for (const visit of visits) {
    const open = app.execution.status === 'running' ? 'still running' : 'the execution ended here';
    const took = visit.left === null ? open : duration(visit.left - visit.entered);
    parts.push(element('p', 'num', `Entered after ${duration(visit.entered - app.execution.started_ms)}, ${took}`));
    for (const failure of visit.failures) parts.push(element('h3', '', 'Failed: ', element('code', '', failure.error)), element('pre', 'json', failure.cause));
    parts.push(element('h3', '', 'Input'), json(visit.input), element('h3', '', 'Output'), json(visit.output));
  }
  return parts;
}

export function events(app) {
  const head = element('thead', '', row(['#', 'After', 'Event', 'State or error'], 'th'));
  const body = element('tbody', '');
  for (const event of app.events) {
    const what = event.kind === 'failed' ? element('span', '', element('code', '', event.error), ' ', readable(event.cause).split('\n')[0]) : pick(app, event.state);
    const kind = element('span', `badge ${event.kind === 'failed' ? 'bad' : event.kind === 'entered' ? 'run' : 'good'}`, event.kind);
    const last = element('td', 'long', what);
    body.append(row([String(event.id), duration(event.at_ms - app.execution.started_ms), kind, last]));
  }
  return [element('table', 'num', head, body)];
}

function pick(app, name) {
  const button = element('button', '', name);
  button.type = 'button';
  button.onclick = () => app.pick(name);
  return button;
}

export function maps(app) {
  if (!app.maps.length) return [element('p', 'soft', 'No Map has run yet.')];
  return app.maps.flatMap((map) => {
    const meter = element('div', 'meter');
    for (const part of ['done', 'running', 'failed']) {
      const bar = element('i', part);
      const value = part === 'done' ? map.succeeded : map[part];
      bar.style.width = `${(100 * value) / Math.max(1, map.total)}%`;
      meter.append(bar);
    }
    const items = map.items ?? [];
    const cells = element('div', 'cells', ...items.map((item, n) => cell(app, map, item, n)));
    const chosen = items.find((i) => app.item === `${map.label}/${i.name}`);
    return [
      element('h3', '', map.label, ' ', element('span', 'soft num', `${map.succeeded} of ${map.total} done, ${map.running} running, ${map.failed} failed`)),
      meter, cells, chosen ? item(app, chosen) : null,
    ];
  });
}

function cell(app, map, item, n) {
  const button = element('button', `cell ${item.done ? 'done' : item.failure ? 'failed' : ''}`, String(n));
  const id = `${map.label}/${item.name}`;
  button.type = 'button';
  button.title = item.name;
  button.setAttribute('aria-label', `${item.name}, ${item.done ? 'done' : item.failure ? 'failed' : 'waiting'}`);
  button.setAttribute('aria-pressed', String(app.item === id));
  button.onclick = () => app.pickItem(app.item === id ? null : id);
  return button;
}

function item(app, { name, run, failure }) {
  const rows = [['Item', name]];
  if (run) {
    rows.push(['Worker', element('code', '', run.worker)], ['Request', element('code', '', run.request_id)]);
    rows.push(['Started', `after ${duration(run.started - app.execution.started_ms)}`], ['Duration', `${duration(run.ended - run.started)}, ${duration(run.cpu_ms)} of processor time`]);
    rows.push(['Read', `${(run.bytes_read / 1e6).toFixed(2)} MB of the mezzanine`]);
  }
  if (failure) rows.push(['Failed', failure]);
  return element('table', 'num', element('tbody', '', ...rows.map((r) => row(r))));
}

export function whole(app) {
  const { execution } = app;
  const failed = execution.error ? [element('h3', '', 'Error'), element('pre', 'json', `${execution.error}\n${readable(execution.cause ?? '')}`)] : [];
  return [element('p', '', element('code', '', execution.arn)), ...failed, element('h3', '', 'Input'), json(execution.input), element('h3', '', 'Output'), json(execution.output)];
}
