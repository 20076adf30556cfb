// Grey values of an image, and windowing.

/** Fetches grey values packed by `imaging.pixel_packing`. Returns {values, width, height, top}. */
async function fetchFilm(film) {
  const answer = await fetch(film.url);
  if (!answer.ok) throw new Error(`the film could not be fetched (${answer.status})`);
  const plain = answer.body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(plain).arrayBuffer();
  const values = film.bits === 16 ? new Uint16Array(bytes) : new Uint8Array(bytes);
  if (values.length !== film.columns * film.rows) throw new Error("the image is incomplete");
  const inverted = film.values?.inverted ?? false;
  return { values, width: film.columns, height: film.rows, top: film.top, scale: film.values, inverted };
}

/** Loads the heatmap, an RGBA image drawn over the radiograph. */
async function fetchLayer(url) {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  return picture;
}

/** The value and the unit of a level, as text: of the file if it is DICOM. */
function valueText(film, level) {
  const { first, step, units } = film.scale;
  return `${rounded(first + step * level, step)}${units && ` ${units}`}`;
}

/** A number with no more digits than the step between values has. */
function rounded(value, step) {
  const digits = Number.isInteger(step) ? 0 : Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(step))));
  return Number(value.toFixed(digits)).toString();
}

/** The windows of a DICOM file as [name, level, width], in shares of the range of values; of other files, the whole range. */
function storedWindows({ scale, top }) {
  if (!scale) return [["As stored", 0.5, 1]];
  const share = (value) => (value - scale.first) / scale.step / top;
  return scale.windows.map(({ name, black, white }) => [
    name,
    share((black + white) / 2),
    (white - black) / scale.step / top,
  ]);
}

/** Windows computed from the histogram, as [name, level, width], in shares of the range of values. */
function computedWindows(film) {
  const counts = new Uint32Array(256);
  const step = Math.max(1, Math.floor(film.values.length / 500000));
  let seen = 0;
  for (let at = 0; at < film.values.length; at += step) {
    counts[Math.floor((film.values[at] * 255) / film.top)] += 1;
    seen += 1;
  }
  if (film.inverted) counts.reverse();
  const quantile = (share) => {
    let left = share * seen;
    for (let level = 0; level < 256; level += 1) {
      left -= counts[level];
      if (left <= 0) return level / 255;
    }
    return 1;
  };
  const between = (name, low, high) => {
    const level = (low + high) / 2;
    return [name, film.inverted ? 1 - level : level, Math.max(0.02, high - low)];
  };
  return [
    between("Full contrast", quantile(0.01), quantile(0.99)),
    between("Bone", quantile(0.5), quantile(0.999)),
    between("Soft tissue", quantile(0.02), quantile(0.75)),
  ];
}

/** Draws the windowed image onto a canvas of its size. */
function develop(film, canvas, { level, width, invert }) {
  canvas.width = film.width;
  canvas.height = film.height;
  const inverted = invert !== film.inverted;
  const table = new Uint32Array(film.top + 1);
  for (let value = 0; value <= film.top; value += 1) {
    let shade = (value / film.top - level) / width + 0.5;
    shade = Math.round(255 * Math.min(1, Math.max(0, inverted ? 1 - shade : shade)));
    table[value] = 0xff000000 | (shade << 16) | (shade << 8) | shade;
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(film.width, film.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = table[film.values[at]];
  context.putImageData(image, 0, 0);
}
