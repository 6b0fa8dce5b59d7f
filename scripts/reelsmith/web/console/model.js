// The states of an execution, from its history.

/** Every state of a definition with its successors, including branches and Maps: name → {state, parent, next: [{to, kind}]}. */
export function statesOf(definition) {
  const all = new Map();
  const walk = (machine, parent) => {
    for (const [name, state] of Object.entries(machine.States)) {
      const next = [];
      if (state.Next) next.push({ to: state.Next, kind: 'next' });
      for (const choice of state.Choices ?? []) next.push({ to: choice.Next, kind: 'next' });
      if (state.Default) next.push({ to: state.Default, kind: 'next' });
      for (const caught of state.Catch ?? []) next.push({ to: caught.Next, kind: 'catch' });
      all.set(name, { name, state, parent, start: machine.StartAt === name, next });
      for (const branch of state.Branches ?? []) walk(branch, name);
      if (state.ItemProcessor) walk(state.ItemProcessor, name);
    }
  };
  walk(definition, null);
  return all;
}

/** The visits of states in order: {state, entered, left, input, output, failures: [{error, cause, at}]}. */
export function visitsOf(events, states, execution) {
  const visits = [];
  const open = () => visits.filter((v) => v.left === null);
  let lastLeft = null;
  for (const event of events) {
    if (event.kind === 'entered') {
      const parent = states.get(event.state)?.parent;
      const outer = parent && visits.findLast((v) => v.state === parent);
      const first = states.get(event.state)?.start;
      const before = first ? null : visits.findLast((v) => v.left !== null && states.get(v.state)?.next.some((n) => n.to === event.state)) ?? lastLeft;
      visits.push({ state: event.state, entered: event.at_ms, left: null, input: first && outer ? outer.input : before?.output ?? execution.input, output: null, failures: [] });
    } else if (event.kind === 'exited') {
      const visit = open().find((v) => v.state === event.state);
      if (visit) Object.assign(visit, { left: event.at_ms, output: event.output });
      lastLeft = visit ?? lastLeft;
    } else {
      open().at(-1)?.failures.push({ error: event.error, cause: readable(event.cause), at: event.at_ms });
    }
  }
  return visits;
}

/** The cause of a function's error without the JSON that Lambda puts around it. */
export function readable(cause) {
  try {
    return JSON.parse(cause).errorMessage ?? cause;
  } catch {
    return cause;
  }
}

/** The status of every state: name → {status, retries}. Statuses: succeeded, running, caught, failed. */
export function statusesOf(visits, states, execution, maps) {
  const all = new Map();
  const ended = execution.status !== 'running';
  for (const visit of visits) {
    const visited = new Set(visits.map((v) => v.state));
    const caught = states.get(visit.state)?.next.some((n) => n.kind === 'catch' && visited.has(n.to)) && visit.failures.length > 0;
    let status = 'succeeded';
    if (visit.left === null) status = ended ? 'failed' : 'running';
    else if (caught) status = 'caught';
    if (states.get(visit.state)?.state.Type === 'Fail') status = 'failed';
    all.set(visit.state, { status, retries: visit.failures.length });
  }
  // An emulator may not report states within branches. The counts of a Map show its status, and the states before it have
  // ended.
  for (const [name, { parent, state }] of states) {
    const map = parent && !all.has(name) && maps.find((m) => m.label === state.Label);
    if (map) all.set(name, { status: map.failed ? 'failed' : map.succeeded < map.total ? (ended ? 'failed' : 'running') : 'succeeded', retries: 0, count: map });
  }
  for (const [name, { parent, next }] of states) {
    if (parent && !all.has(name) && next.some((n) => n.kind === 'next' && all.has(n.to))) all.set(name, { status: 'succeeded', retries: 0 });
  }
  // The states of a Map have histories of their own; the counts of the Map show its status.
  for (const [name, { parent, state }] of states) {
    const map = maps.find((m) => m.label === states.get(parent)?.state.Label);
    if (!map || !state.Resource || all.has(name)) continue;
    const status = map.failed ? 'failed' : map.running || map.succeeded < map.total ? 'running' : 'succeeded';
    all.set(name, { status: ended && status === 'running' ? 'failed' : status, retries: 0, count: map });
  }
  return all;
}

export function duration(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
