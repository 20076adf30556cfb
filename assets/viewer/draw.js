// Drawing: image, heatmap, contours, boxes of findings, rulers.

const LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** Draws one pane: the image, and on it heatmap and boxes where they are wanted. `view` is the viewer. */
function drawPane(context, view, pane, heat, boxes) {
  const { film, shown, settings } = view;
  const at = snapped(matrix(shown.place, pane));
  context.save();
  context.beginPath();
  context.rect(pane.x, pane.y, pane.width, pane.height);
  context.clip();
  context.save();
  context.transform(...at);
  // From three screen pixels per image pixel on, pixels are drawn without smoothing.
  context.imageSmoothingEnabled = shown.place.zoom * view.ratio < 3;
  context.imageSmoothingQuality = "high";
  context.drawImage(view.developed, 0, 0, film.width, film.height);
  if (heat && view.layer) {
    context.imageSmoothingEnabled = true;
    context.globalAlpha = settings.opacity;
    context.drawImage(view.layer, 0, 0, film.width, film.height);
  }
  context.restore();
  if (heat && settings.contour) for (const line of view.data.contours) drawContour(context, at, line);
  if (settings.annotated) for (const box of view.data.annotated ?? []) drawAnnotated(context, at, box);
  if (boxes) view.data.findings.forEach((finding, number) => drawFinding(context, at, finding, view.active === number + 1));
  for (const mark of shown.marks) drawMark(context, view, at, mark);
  drawSide(context, view, pane);
  if (view.data.spacing) drawRuler(context, view, pane);
  // Drawn on the canvas, so that saved images contain it.
  if (view.data.warning) write(context, view.data.warning, pane.x + 12, pane.y + 20);
  context.restore();
}

function drawContour(context, at, line) {
  context.beginPath();
  line.forEach(([x, y], number) => context[number ? "lineTo" : "moveTo"](...onScreen(at, x, y)));
  context.closePath();
  stroke(context, 1.5);
}

/** A box that was annotated in the dataset. */
function drawAnnotated(context, at, box) {
  outline(context, at, box);
  stroke(context, 2, "#56D4E9");
}

/** The outline of a box on the screen; returns its corners. */
function outline(context, at, [left, top, right, bottom]) {
  const corners = [[left, top], [right, top], [right, bottom], [left, bottom]].map(([x, y]) => onScreen(at, x, y));
  context.beginPath();
  corners.forEach(([x, y], number) => context[number ? "lineTo" : "moveTo"](x, y));
  context.closePath();
  return corners;
}

/** The box of a finding: solid if it is definite, dashed if it is possible; with its number and confidence. */
function drawFinding(context, at, { box, label, definite }, active) {
  const corners = outline(context, at, box);
  context.setLineDash(definite ? [] : [6, 4]);
  stroke(context, active ? 3 : 2, active ? "#FFD166" : "#fff");
  context.setLineDash([]);
  const x = Math.min(...corners.map((corner) => corner[0]));
  const y = Math.min(...corners.map((corner) => corner[1]));
  write(context, label, Math.max(4, x), Math.max(14, y - 6), active ? "#FFD166" : "#fff");
}

/** Light on dark, so that it is visible on any grey. */
function stroke(context, width, colour = "#fff") {
  context.lineWidth = width + 2;
  context.strokeStyle = "#000";
  context.stroke();
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

/** A measurement: two points are a distance, three an angle with its vertex in the middle. */
function drawMark(context, view, at, points) {
  const ends = points.map((point) => onScreen(at, ...point));
  context.beginPath();
  ends.forEach(([x, y], number) => context[number ? "lineTo" : "moveTo"](x, y));
  stroke(context, 1.5);
  const [x, y] = points.length > 2 ? ends[1] : ends.at(-1);
  write(context, measured(view, points), x + 8, y - 8);
}

/** A measurement as text. */
function measured(view, points) {
  return points.length > 2 ? angle(view, points) : length(view, ...points);
}

/** The angle at the second of three points, in degrees; pixels need not be square. */
function angle(view, [from, vertex, to]) {
  const [down, across] = view.data.spacing ?? [1, 1];
  const direction = ([x, y]) => Math.atan2((y - vertex[1]) * down, (x - vertex[0]) * across);
  const turned = Math.abs(direction(from) - direction(to)) * (180 / Math.PI);
  return `${Math.min(turned, 360 - turned).toFixed(1)}°`;
}

/** The side in the file's header, and a warning while left and right are exchanged. */
function drawSide(context, view, pane) {
  const { side, place } = { side: view.data.side, place: view.shown.place };
  if (place.mirror) write(context, "Mirrored: left and right are exchanged", pane.x + 12, pane.y + pane.height - 40, "#fff", 14);
  if (side === "L" || side === "R") write(context, side, pane.x + pane.width - 34, pane.y + 34, "#fff", 22);
}

/** A distance as text: in millimetres if the file has a pixel spacing, else in pixels. */
function length(view, from, to) {
  const [down, across] = view.data.spacing ?? [1, 1];
  const long = Math.hypot((to[0] - from[0]) * across, (to[1] - from[1]) * down);
  return view.data.spacing ? `${long.toFixed(1)} mm` : `${long.toFixed(0)} pixels`;
}

/** A scale bar of a round length along the lower edge. */
function drawRuler(context, view, pane) {
  const { place } = view.shown;
  const perPixel = view.data.spacing[place.turn % 2 ? 0 : 1] / place.zoom;
  const long = LENGTHS.findLast((millimetres) => millimetres / perPixel <= pane.width / 3) ?? LENGTHS[0];
  const [x, y] = [pane.x + 12, pane.y + pane.height - 12];
  context.beginPath();
  context.moveTo(x, y - 5);
  context.lineTo(x, y);
  context.lineTo(x + long / perPixel, y);
  context.lineTo(x + long / perPixel, y - 5);
  stroke(context, 1.5);
  write(context, long < 10 ? `${long} mm` : `${long / 10} cm`, x + 4, y - 6);
}

function write(context, words, x, y, colour = "#fff", size = 12) {
  context.font = `${size}px system-ui, sans-serif`;
  context.lineWidth = 3;
  context.strokeStyle = "#000";
  context.strokeText(words, x, y);
  context.fillStyle = colour;
  context.fillText(words, x, y);
}
