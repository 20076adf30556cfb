// Where a film's pixels lie on the screen. A place is {zoom, x, y, turn, mirror}: CSS pixels per film pixel, the film
// point in the middle of the pane, quarter turns clockwise, and whether left and right are exchanged after that.

const TURNS = [[1, 0, 0, 1], [0, 1, -1, 0], [-1, 0, 0, -1], [0, -1, 1, 0]];

/** The matrix [a, b, c, d, e, f], as canvas takes it, from film pixels to a pane given as {x, y, width, height}. */
function matrix(place, pane) {
  let [a, b, c, d] = TURNS[place.turn];
  if (place.mirror) {
    a = -a;
    c = -c;
  }
  [a, b, c, d] = [a, b, c, d].map((value) => value * place.zoom);
  const e = pane.x + pane.width / 2 - a * place.x - c * place.y;
  const f = pane.y + pane.height / 2 - b * place.x - d * place.y;
  return [a, b, c, d, e, f];
}

/** The same to whole pixels, so that at 1:1 every film pixel is one screen pixel. */
function snapped([a, b, c, d, e, f]) {
  return [a, b, c, d, Math.round(e), Math.round(f)];
}

/** A film point on the screen. */
function onScreen([a, b, c, d, e, f], x, y) {
  return [a * x + c * y + e, b * x + d * y + f];
}

/** The film point under a point of the screen. */
function onFilm([a, b, c, d, e, f], x, y) {
  const area = a * d - b * c;
  return [(d * (x - e) - c * (y - f)) / area, (a * (y - f) - b * (x - e)) / area];
}

/** The zoom at which the whole film is seen. */
function fitting(film, place, pane) {
  const [across, down] = place.turn % 2 ? [film.height, film.width] : [film.width, film.height];
  return Math.min(pane.width / across, pane.height / down);
}

/** Zooms so that the film point under (x, y) stays there, between a quarter of the fit and 32 times a pixel. */
function zoomAt(place, film, pane, factor, x, y) {
  const least = Math.min(fitting(film, place, pane), 1) / 4;
  const [filmX, filmY] = onFilm(matrix(place, pane), x, y);
  place.zoom = Math.min(32, Math.max(least, place.zoom * factor));
  const [newX, newY] = onFilm(matrix(place, pane), x, y);
  move(place, film, filmX - newX, filmY - newY);
}

/** Moves the middle by film pixels; some of the film always stays in sight. */
function move(place, film, x, y) {
  place.x = Math.min(film.width, Math.max(0, place.x + x));
  place.y = Math.min(film.height, Math.max(0, place.y + y));
}
