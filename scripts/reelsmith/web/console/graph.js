// The graph of the state machine, laid out by dagre, with branches and Maps inside their state.
import { Graph, layout } from '/vendor/dagre.esm.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEAD = 40;
const PAD = 14;

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** The layout of a machine: {width, height, nodes: [{name, x, y, width, height, inner}], edges}. */
function place(machine, states) {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 18, ranksep: 26, marginx: 2, marginy: 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  const inner = new Map();
  for (const [name, state] of Object.entries(machine.States)) {
    const inside = [...(state.Branches ?? []), ...(state.ItemProcessor ? [state.ItemProcessor] : [])].map((b) => place(b, states));
    let width = Math.max(96, name.length * 7.2 + 26);
    let height = 38;
    if (inside.length) {
      width = Math.max(width, inside.reduce((sum, b) => sum + b.width + PAD, PAD));
      height = HEAD + PAD + Math.max(...inside.map((b) => b.height));
    }
    inner.set(name, inside);
    graph.setNode(name, { width, height });
  }
  const names = Object.keys(machine.States);
  const catches = new Map();
  for (const from of names) {
    for (const { to, kind } of states.get(from).next) {
      if (kind === 'next') graph.setEdge(from, to, { weight: 4 });
      else catches.set(to, [...(catches.get(to) ?? []), from]);
    }
  }
  // Of the many edges to a failure state only one takes part in the layout; the others are drawn on top.
  const layered = [];
  for (const [to, from] of catches) {
    const last = from.at(-1);
    if (!graph.hasEdge(last, to)) {
      graph.setEdge(last, to, { weight: 0 });
      layered.push(`${last}>${to}`);
    }
  }
  layout(graph);
  const { width, height } = graph.graph();
  const nodes = names.map((name) => ({ name, inner: inner.get(name), ...graph.node(name) }));
  const edges = graph.edges().filter((e) => !layered.includes(`${e.v}>${e.w}`)).map((e) => ({ from: e.v, to: e.w, kind: 'next', points: graph.edge(e).points }));
  for (const [to, from] of catches) for (const one of from) edges.push({ from: one, to, kind: 'catch', points: null });
  return { width, height, nodes, edges };
}

const line = (points) => points.reduce((path, p, i) => {
  if (!i) return `M${p.x},${p.y}`;
  const before = points[i - 1];
  const middle = (before.y + p.y) / 2;
  return `${path} C${before.x},${middle} ${p.x},${middle} ${p.x},${p.y}`;
}, '');

/** An edge from the right side of a state to the right side of another. */
function around(a, b) {
  const from = { x: a.x + a.width / 2, y: a.y };
  const to = { x: b.x + b.width / 2, y: b.y };
  const far = Math.max(from.x, to.x) + 30 + Math.abs(to.y - from.y) / 12;
  return `M${from.x},${from.y} C${far},${from.y} ${far},${to.y} ${to.x},${to.y}`;
}

export class StateGraph {
  /** `pick` receives the name of a state that is clicked. */
  constructor(holder, definition, states, pick) {
    this.holder = holder;
    this.nodes = new Map();
    this.edges = [];
    const placed = place(definition, states);
    const root = svg('svg', { viewBox: `0 0 ${placed.width + 60} ${placed.height}`, width: placed.width + 60, role: 'group', 'aria-label': 'States' });
    this.draw(root, placed, 0, 0, states, pick);
    holder.replaceChildren(root);
  }

  draw(parent, placed, dx, dy, states, pick) {
    const group = svg('g', { transform: `translate(${dx},${dy})` });
    const at = new Map(placed.nodes.map((n) => [n.name, n]));
    for (const edge of placed.edges) {
      const path = edge.points ? line(edge.points) : around(at.get(edge.from), at.get(edge.to));
      const node = svg('path', { d: path, class: `edge ${edge.kind}` });
      group.append(node);
      this.edges.push({ ...edge, node });
    }
    for (const node of placed.nodes) group.append(this.node(node, states, pick));
    parent.append(group);
  }

  node(node, states, pick) {
    const { name, x, y, width, height, inner } = node;
    const { state } = states.get(name);
    const [left, top] = [x - width / 2, y - height / 2];
    const group = svg('g', { class: `node idle${inner.length ? ' group' : ''}`, tabindex: 0, role: 'button', 'aria-label': name });
    group.append(svg('rect', { x: left, y: top, width, height, rx: inner.length ? 12 : 9 }));
    const label = svg('text', { x: inner.length ? left + 12 : x, y: inner.length ? top + 17 : y - 2, 'text-anchor': inner.length ? 'start' : 'middle' }, name);
    const sub = svg('text', { class: 'sub', x: inner.length ? left + 12 : x, y: inner.length ? top + 31 : y + 13, 'text-anchor': inner.length ? 'start' : 'middle' }, state.Type);
    group.append(label, sub);
    let across = left + PAD;
    for (const branch of inner) {
      this.draw(group, branch, across, top + HEAD, states, pick);
      across += branch.width + PAD;
    }
    const act = (e) => {
      e.stopPropagation();
      pick(name);
    };
    group.addEventListener('click', act);
    group.addEventListener('keydown', (e) => (e.key === 'Enter' || e.key === ' ') && (e.preventDefault(), act(e)));
    this.nodes.set(name, { group, sub, type: state.Type });
    return group;
  }

  /** Colours the states; `visited` contains the pairs of states that followed each other. */
  show(statuses, visits, picked) {
    const entered = new Set(visits.map((v) => v.state));
    const order = visits.map((v) => v.state);
    for (const [name, { group, sub, type }] of this.nodes) {
      const status = statuses.get(name);
      group.setAttribute('class', `node ${status?.status ?? 'idle'}${group.classList.contains('group') ? ' group' : ''}${name === picked ? ' picked' : ''}`);
      const count = status?.count ? ` ${status.count.succeeded}/${status.count.total}` : '';
      const visit = visits.findLast((v) => v.state === name);
      const took = visit?.left ? ` · ${((visit.left - visit.entered) / 1000).toFixed(1)} s` : '';
      sub.textContent = `${type}${count}${took}${status?.retries ? ` · ${status.retries} failed` : ''}`;
      group.setAttribute('aria-label', `${name}, ${status?.status ?? 'not entered'}`);
    }
    for (const edge of this.edges) {
      const both = entered.has(edge.from) && entered.has(edge.to);
      const failed = visits.findLast((v) => v.state === edge.from)?.failures.length > 0;
      const follows = order.indexOf(edge.to) > order.indexOf(edge.from);
      const taken = both && follows && (edge.kind === 'next' || (failed && statuses.get(edge.from)?.status === 'caught'));
      edge.node.setAttribute('class', `edge ${edge.kind}${taken ? ' taken' : ''}`);
    }
  }
}
