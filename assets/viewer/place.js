// Position of the image on the screen. A place is {zoom, x, y, turn, mirror}: CSS pixels per image pixel, the image
// point at the centre of the pane, clockwise quarter turns, and whether left and right are then exchanged.

const TURNS = [[1, 0, 0, 1], [0, 1, -1, 0], [-1, 0, 0, -1], [0, -1, 1, 0]];

/** The matrix [a, b, c, d, e, f], as canvas takes it, from image pixels to a pane given as {x, y, width, height}. */
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

/** The matrix rounded to whole pixels, so that at 1:1 every image pixel is one screen pixel. */
function snapped([a, b, c, d, e, f]) {
  return [a, b, c, d, Math.round(e), Math.round(f)];
}

/** Maps an image point to the screen. */
function onScreen([a, b, c, d, e, f], x, y) {
  return [a * x + c * y + e, b * x + d * y + f];
}

/** Maps a screen point to the image. */
function onFilm([a, b, c, d, e, f], x, y) {
  const area = a * d - b * c;
  return [(d * (x - e) - c * (y - f)) / area, (a * (y - f) - b * (x - e)) / area];
}

/** The zoom that fits the whole image. */
function fitting(film, place, pane) {
  const [across, down] = place.turn % 2 ? [film.height, film.width] : [film.width, film.height];
  return Math.min(pane.width / across, pane.height / down);
}

/** Zooms about the screen point (x, y); limits: a quarter of the fit and 32 CSS pixels per image pixel. */
function zoomAt(place, film, pane, factor, x, y) {
  const least = Math.min(fitting(film, place, pane), 1) / 4;
  const [filmX, filmY] = onFilm(matrix(place, pane), x, y);
  place.zoom = Math.min(32, Math.max(least, place.zoom * factor));
  const [newX, newY] = onFilm(matrix(place, pane), x, y);
  move(place, film, filmX - newX, filmY - newY);
}

/** Pans by image pixels; part of the image always stays visible. */
function move(place, film, x, y) {
  place.x = Math.min(film.width, Math.max(0, place.x + x));
  place.y = Math.min(film.height, Math.max(0, place.y + y));
}
