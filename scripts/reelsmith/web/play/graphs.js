// The buffer ahead in seconds over time, and below it the rung that was playing.

const SPAN = 120;

export class Graph {
  constructor(canvas) {
    this.canvas = canvas;
    this.points = [];
  }

  reset() { this.points = []; }

  add(ahead, rung, stalled) {
    const at = performance.now() / 1000;
    this.points.push({ at, ahead, rung, stalled });
    while (this.points[0].at < at - SPAN) this.points.shift();
    this.paint(at);
  }

  paint(now) {
    const { canvas, points } = this;
    const scale = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== width * scale) { canvas.width = width * scale; canvas.height = height * scale; }
    const paint = canvas.getContext('2d');
    paint.setTransform(scale, 0, 0, scale, 0, 0);
    paint.clearRect(0, 0, width, height);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const [left, foot] = [34, 22];
    const top = Math.max(10, ...points.map((p) => p.ahead));
    const span = Math.max(20, Math.min(SPAN, now - (points[0]?.at ?? now)));
    const x = (at) => left + (width - left) * (1 - (now - at) / span);
    const y = (s) => 6 + (height - foot - 6) * (1 - s / top);
    paint.font = `11px ${style.getPropertyValue('--sans')}`;
    paint.textBaseline = 'middle';
    for (const s of [0, Math.round(top / 2), Math.round(top)]) {
      paint.strokeStyle = colour('--line');
      paint.beginPath();
      paint.moveTo(left, y(s) + 0.5);
      paint.lineTo(width, y(s) + 0.5);
      paint.stroke();
      paint.fillStyle = colour('--faint');
      paint.fillText(`${s} s`, 0, y(s));
    }
    paint.beginPath();
    points.forEach((p, i) => (i ? paint.lineTo(x(p.at), y(p.ahead)) : paint.moveTo(x(p.at), y(p.ahead))));
    paint.strokeStyle = colour('--accent');
    paint.lineWidth = 2;
    paint.stroke();
    if (points.length) {
      paint.lineTo(x(now), y(0));
      paint.lineTo(x(points[0].at), y(0));
      paint.globalAlpha = 0.14;
      paint.fillStyle = colour('--accent');
      paint.fill();
      paint.globalAlpha = 1;
    }
    this.bands(paint, x, height, colour);
  }

  bands(paint, x, height, colour) {
    const { points } = this;
    for (let i = 0; i < points.length;) {
      let end = i;
      while (end + 1 < points.length && points[end + 1].rung === points[i].rung) end += 1;
      const [from, to] = [x(points[i].at), x(points[Math.min(end + 1, points.length - 1)].at)];
      if (points[i].rung) {
        paint.fillStyle = colour('--accent-soft');
        paint.fillRect(from, height - 16, Math.max(1, to - from - 1), 16);
        paint.fillStyle = colour('--ink');
        if (to - from > 34) paint.fillText(points[i].rung, from + 5, height - 8);
      }
      i = end + 1;
    }
    paint.fillStyle = colour('--bad');
    for (const p of points) if (p.stalled) paint.fillRect(x(p.at) - 1, 0, 2, height - 16);
  }
}
