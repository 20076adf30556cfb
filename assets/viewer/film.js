// Grey values of an image, and windowing.

/** Fetches grey values packed by `imaging.pixel_packing`. Returns {values, width, height, top}. */
async function fetchFilm(film) {
  const answer = await fetch(film.url);
  if (!answer.ok) throw new Error(`the film could not be fetched (${answer.status})`);
  const plain = answer.body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(plain).arrayBuffer();
  const values = film.bits === 16 ? new Uint16Array(bytes) : new Uint8Array(bytes);
  if (values.length !== film.columns * film.rows) throw new Error("the image is incomplete");
  return { values, width: film.columns, height: film.rows, top: film.bits === 16 ? 65535 : 255 };
}

/** Loads the heatmap, an RGBA image drawn over the radiograph. */
async function fetchLayer(url) {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  return picture;
}

/** Presets as [label, level, width], 0–1, from the histogram of the image. */
function presets(film) {
  const counts = new Uint32Array(256);
  const step = Math.max(1, Math.floor(film.values.length / 500000));
  const shift = film.top > 255 ? 8 : 0;
  let seen = 0;
  for (let at = 0; at < film.values.length; at += step) {
    counts[film.values[at] >> shift] += 1;
    seen += 1;
  }
  const quantile = (share) => {
    let left = share * seen;
    for (let level = 0; level < 256; level += 1) {
      left -= counts[level];
      if (left <= 0) return level / 255;
    }
    return 1;
  };
  const between = (words, low, high) => [words, (low + high) / 2, Math.max(0.02, high - low)];
  return [
    ["As stored", 0.5, 1],
    between("Full contrast", quantile(0.01), quantile(0.99)),
    between("Bone", quantile(0.5), quantile(0.999)),
    between("Soft tissue", quantile(0.02), quantile(0.75)),
  ];
}

/** Draws the windowed image onto a canvas of its size. */
function develop(film, canvas, { level, width, invert }) {
  canvas.width = film.width;
  canvas.height = film.height;
  const table = new Uint32Array(film.top + 1);
  for (let value = 0; value <= film.top; value += 1) {
    let shade = (value / film.top - level) / width + 0.5;
    shade = Math.round(255 * Math.min(1, Math.max(0, invert ? 1 - shade : shade)));
    table[value] = 0xff000000 | (shade << 16) | (shade << 8) | shade;
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(film.width, film.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = table[film.values[at]];
  context.putImageData(image, 0, 0);
}
