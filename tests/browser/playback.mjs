// Plays an output to the end with a player of the page, in every way that viewers do.

/** Watching this much faster than life keeps the test short. Every frame is decoded all the same. */
const SPEED = 4;
const PLAYED = 90_000;
const HEARD = 40_000;

/** Opens the output in a player at a rung (null: the player chooses), and plays; `during` runs once some of it is shown. */
async function play(page, kind, rung, speed, during) {
  await page.evaluate(async ([k, r]) => globalThis.reelsmith.open(k, r), [kind, rung]);
  await page.evaluate((s) => {
    const { video } = globalThis.reelsmith;
    video.muted = true;
    video.playbackRate = s;
    // Begun once the start is there: waiting for the first bytes is no stall.
    const begin = () => (video.readyState >= 3 ? video.play() : video.addEventListener('canplay', () => video.play(), { once: true }));
    begin();
  }, speed);
  const noted = during ? await during() : null;
  await page.waitForFunction(() => globalThis.reelsmith.video.ended, null, { timeout: PLAYED, polling: 100 });
  return { ...(await page.evaluate(() => globalThis.reelsmith.facts())), noted };
}

const reach = (page, share) => page.waitForFunction((s) => {
  const { video } = globalThis.reelsmith;
  return video.currentTime >= s * video.duration;
}, share, { timeout: PLAYED, polling: 20 });

/** What is wrong with a playback that should be perfect. `frames` are those of the programme. */
export function faultsOf(facts, expected) {
  const wrong = [];
  const check = (good, text) => good || wrong.push(text);
  check(facts.ended, `ended: expected the end, found ${facts.time} s`);
  check(facts.stalls === 0, `stalls: expected none, found ${facts.stalls} (${facts.waited.toFixed(1)} s)`);
  check(facts.widestGap <= expected.frame, `buffer: expected no gap above a frame, found ${facts.widestGap} s`);
  check(Math.abs(facts.time - expected.seconds) <= 2 * expected.frame, `length: expected ${expected.seconds} s, found ${facts.time}`);
  check(facts.faults.length === 0, `player: ${JSON.stringify(facts.faults)}`);
  if (expected.frames) check(facts.decoded === expected.frames, `frames: expected ${expected.frames} decoded, found ${facts.decoded}`);
  return wrong;
}

const result = (name, facts, wrong) => ({ name, wrong, decoded: facts.decoded, dropped: facts.dropped, stalls: facts.stalls, late: facts.late, gap: facts.widestGap, sizes: facts.sizes });

/** Every rung of the output from the first frame to the last. */
export async function everyRung(page, kind, expected) {
  await page.evaluate((k) => globalThis.reelsmith.open(k), kind);
  const rungs = await page.evaluate(() => globalThis.reelsmith.engine().rungs());
  const rows = [];
  for (const rung of rungs) {
    const name = `${kind}: ${rung.label} ${rung.codec.split('.')[0]} to the end`;
    if (rung.refused) {
      rows.push({ name, skipped: `MediaSource.isTypeSupported refuses ${rung.codec} in this Chromium` });
      continue;
    }
    const facts = await play(page, kind, rung.id, SPEED);
    const wrong = faultsOf(facts, expected);
    if (facts.sizes.join() !== `${rung.width}x${rung.height}`) wrong.push(`size: expected ${rung.width}x${rung.height} only, found ${facts.sizes}`);
    rows.push(result(name, facts, wrong));
  }
  return rows;
}

/** From the lowest rung to the highest that plays, in the middle of the programme. */
export async function rungSwitch(page, kind, expected) {
  await page.evaluate((k) => globalThis.reelsmith.open(k), kind);
  const rungs = (await page.evaluate(() => globalThis.reelsmith.engine().rungs())).filter((r) => !r.refused);
  const [best, least] = [rungs[0], rungs.at(-1)];
  const facts = await play(page, kind, null, 2, async () => {
    await page.evaluate((id) => globalThis.reelsmith.engine().choose(id), least.id);
    await reach(page, 0.15);
    await page.evaluate((id) => globalThis.reelsmith.engine().choose(id), best.id);
  });
  const wrong = faultsOf(facts, { ...expected, frames: null });
  if (facts.sizes.at(-1) !== `${best.width}x${best.height}`) wrong.push(`size: expected ${best.width}x${best.height} at the end, found ${facts.sizes}`);
  return result(`${kind}: from ${least.label} to ${best.label}`, facts, wrong);
}

/**
 * Listens to what comes out, and changes the language: the strongest frequency of each must be that of its tone. A player that
 * does not come to a language it was asked for is asked on a fresh page, twice; what it knew then stands in the table.
 */
export async function languages(fresh, kind, expected, tones) {
  const given = [];
  for (;;) {
    const page = await fresh();
    try {
      const facts = await play(page, kind, null, 1, () => listenTo(page, tones));
      // What was buffered of the other language is decoded in vain; how much is the player's choice.
      const wrong = faultsOf(facts, { ...expected, frames: null });
      const heard = Object.entries(facts.noted).map(([l, f]) => `${l} ${Math.round(f)} Hz`).join(', ');
      return result(`${kind}: ${heard}${given.map((g) => `\n           again after ${g}`).join('')}`, facts, wrong);
    } catch (error) {
      given.push(`${error.message.split('\n')[0]} ${JSON.stringify(await page.evaluate(deaf))}`);
      if (given.length === 3) throw new Error(given.join('\n'));
    } finally {
      await page.close();
    }
  }
}

async function listenTo(page, tones) {
  const heard = {};
  // Played in a loop while it is listened to: a player changes at the next segment that is not buffered yet, and on a busy
  // machine the last of a short programme is buffered before its first sound is heard.
  await page.evaluate(() => Object.assign(globalThis.reelsmith.video, { muted: false, loop: true }));
  for (const [language, hertz] of Object.entries(tones)) {
    await page.evaluate((l) => {
      const player = globalThis.reelsmith.engine();
      player.chooseAudio(player.audios().find((a) => a.language === l).id);
    }, language);
    heard[language] = await page.waitForFunction(listen, hertz, { timeout: HEARD, polling: 100 }).then((h) => h.jsonValue());
  }
  await page.evaluate((rate) => Object.assign(globalThis.reelsmith.video, { loop: false, playbackRate: rate }), SPEED);
  return heard;
}

/** In the page: what there is to know where a language is not heard. */
function deaf() {
  const { video, engine, facts } = globalThis.reelsmith;
  const { context } = globalThis.ears ?? {};
  const { time, ranges, faults, stalls } = facts();
  return { time, ranges, faults, stalls, paused: video.paused, ready: video.readyState, audios: engine().audios(), context: context?.state, clock: context?.currentTime };
}

/** In the page: the strongest frequency, once it is near the one waited for. */
function listen(wanted) {
  if (!globalThis.ears) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    context.createMediaElementSource(globalThis.reelsmith.video).connect(analyser);
    analyser.connect(context.destination);
    globalThis.ears = { context, analyser };
  }
  const { context, analyser } = globalThis.ears;
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const loudest = levels.reduce((best, level, i) => (level > levels[best] ? i : best), 0);
  const hertz = (loudest * context.sampleRate) / analyser.fftSize;
  return levels[loudest] > -80 && Math.abs(hertz - wanted) < 15 ? hertz : null;
}

/** Captions on: every cue is shown with its text while the programme is at it. */
export async function captions(page, kind, expected, cues, picture) {
  const facts = await play(page, kind, null, 2, async () => {
    await page.waitForFunction(() => globalThis.reelsmith.engine().texts().length > 0, null, { timeout: PLAYED });
    await page.evaluate(() => {
      const { video, engine } = globalThis.reelsmith;
      const player = engine();
      player.chooseText(player.texts()[0].id);
      globalThis.shown = new Map();
      const look = () => {
        for (const track of video.textTracks) {
          if (track.mode !== 'showing') continue;
          for (const cue of track.activeCues ?? []) if (!globalThis.shown.has(cue.text)) globalThis.shown.set(cue.text, [cue.startTime, cue.endTime]);
        }
        if (!video.ended) setTimeout(look, 20);
      };
      look();
    });
    await page.waitForFunction(() => globalThis.shown.size > 0, null, { timeout: PLAYED, polling: 20 });
    await page.screenshot({ path: picture });
    return null;
  });
  const shown = await page.evaluate(() => [...globalThis.shown]);
  const wrong = faultsOf(facts, expected);
  for (const [text, start, end] of cues) {
    const found = shown.find(([t]) => t.replace(/<[^>]*>/g, '').replaceAll('&amp;', '&') === text);
    if (!found || Math.abs(found[1][0] - start) > 0.005 || Math.abs(found[1][1] - end) > 0.005) wrong.push(`captions: expected ${JSON.stringify([text, start, end])}, found ${JSON.stringify(shown)}`);
  }
  return result(`${kind}: ${shown.length} captions shown`, facts, wrong);
}

/** A title without audio: there is none to choose. */
export async function silent(page, kind) {
  const found = await page.evaluate(() => globalThis.reelsmith.engine().audios());
  return { name: `${kind}: no audio to choose`, wrong: found.length ? [`audio: expected none, found ${JSON.stringify(found)}`] : [] };
}
