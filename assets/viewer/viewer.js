// The viewer of one image: its state, and how buttons and the pointer change it.

const STEP = 1.25;

// State while the page is open: the view of each image, and the settings for all images. No pixels are stored. So another
// method, opacity or image does not change the view.
const LEFT = new Map();
const SETTINGS = { boxes: true, annotated: true, heat: false, contour: false, opacity: 0.55, side: false, mode: "pan" };

class Viewer {
  /**
   * @param root the element of the viewer.
   * @param frame the element that fills the screen in full-screen mode.
   * @param listeners {step(by), point(number)}: another image is wanted; the pointer is on a finding, or on none (0).
   * @param reservedKeys keys that do something else on this page.
   */
  constructor(root, frame, listeners, reservedKeys = "") {
    this.root = root;
    this.frame = frame;
    this.listeners = listeners;
    this.stage = root.querySelector(".stage");
    this.canvas = root.querySelector("canvas");
    this.dialog = root.querySelector("dialog");
    this.developed = document.createElement("canvas");
    this.settings = SETTINGS;
    this.ratio = 1;
    this.over = false;
    nameButtons(root, reservedKeys);
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.run(button.dataset.do);
    });
    root.addEventListener("input", (event) => this.set(event.target.dataset.set, event.target.value));
    root.addEventListener("pointerenter", () => (this.over = true));
    root.addEventListener("pointerleave", () => (this.over = false));
    this.onFull = () => this.frame.classList.toggle("full", this.root.getRootNode().fullscreenElement === this.frame);
    this.resized = new ResizeObserver(() => this.resize());
    listenToPointer(this);
    moveFocusWithArrows(root.querySelector(".tools"));
  }

  begin() {
    document.addEventListener("fullscreenchange", this.onFull);
    this.resized.observe(this.stage);
  }

  end() {
    document.removeEventListener("fullscreenchange", this.onFull);
    this.resized.disconnect();
  }

  /**
   * Shows an image, at once.
   *
   * @param data what the app sends about it.
   * @param film its grey values, from `fetchFilm`; undefined for a file without an image.
   * @param layer its heatmap, from `fetchLayer`; undefined for none.
   */
  show(data, film, layer) {
    const another = this.data?.id !== data.id || this.grey !== film;
    this.data = data;
    this.layer = layer;
    this.active = 0;
    if (!film) this.close();
    else if (another) this.open(film);
    if (data.heatOn) this.settings.heat = true;
    this.root.querySelector(".least").textContent = data.legend?.[0] ?? "";
    this.root.querySelector(".most").textContent = data.legend?.[1] ?? "";
    if (data.scale) this.root.querySelector(".legend img").src = data.scale;
    if (film) this.draw();
  }

  /** Shows no image. */
  close() {
    this.film = this.grey = undefined;
    const { width, height } = this.canvas;
    this.canvas.getContext("2d").clearRect(0, 0, width, height);
    for (const note of this.root.querySelectorAll(".note")) note.textContent = "";
  }

  /** Says that the image cannot be shown, or nothing. */
  fail(message) {
    const fault = this.root.querySelector(".fault");
    fault.textContent = message;
    fault.hidden = !message;
  }

  open(film) {
    // Positions and lengths are in pixels of the original image, which may have been downscaled.
    this.film = { ...film, width: this.data.film.width, height: this.data.film.height };
    this.grey = film;
    const middle = { zoom: 1, x: this.film.width / 2, y: this.film.height / 2, turn: 0, mirror: false };
    const stored = storedWindows(film);
    const [, level, width] = stored[0];
    this.original = { level, width, invert: false };
    if (!LEFT.has(this.data.id)) LEFT.set(this.data.id, { ...this.original, place: middle, fit: true, marks: [] });
    this.shown = LEFT.get(this.data.id);
    this.drawing = undefined;
    this.offerWindows(stored, computedWindows(film));
    this.stale = true;
    if (this.shown.fit) this.fit();
  }

  /** Fills the menu of windows, and sets the range of the sliders so that it contains them. */
  offerWindows(stored, computed) {
    this.windows = [...stored, ...computed];
    const group = (label, from, windows) => {
      const element = document.createElement("optgroup");
      element.label = label;
      element.append(...windows.map(([name], number) => new Option(name, from + number)));
      return element;
    };
    this.root.querySelector("[data-set=preset]").replaceChildren(
      new Option("Window", ""),
      group("From the file", 0, stored),
      group("Computed", stored.length, computed),
    );
    const levels = this.windows.map(([, level]) => level);
    this.limits = {
      level: [Math.min(0, ...levels), Math.max(1, ...levels)],
      width: [0.005 * this.original.width, Math.max(1.5, ...this.windows.map(([, , width]) => width))],
    };
    for (const [name, [low, high]] of Object.entries(this.limits)) {
      const slider = this.root.querySelector(`[data-set=${name}]`);
      Object.assign(slider, { min: low * 1000, max: high * 1000, step: "any" });
    }
  }

  /** Highlights a finding by its number from 1 on; 0 for none. */
  highlight(number) {
    if (!this.film || this.active === number) return;
    this.active = number;
    this.refresh();
  }

  /** Brings a finding into view. */
  goTo(number) {
    const finding = this.film && this.data.findings[number - 1];
    if (!finding) return;
    const { place } = this.shown;
    const pane = this.panes()[0];
    const [x, y] = [(finding.box[0] + finding.box[2]) / 2, (finding.box[1] + finding.box[3]) / 2];
    const [left, top] = onScreen(matrix(place, pane), x, y);
    const outside = left < pane.x || top < pane.y || left > pane.x + pane.width || top > pane.y + pane.height;
    this.settings.boxes = true;
    if (outside) move(place, this.film, x - place.x, y - place.y);
    this.active = number;
    this.refresh();
  }

  /** The number of the finding at a point of the stage; 0 for none. */
  findingAt(x, y) {
    if (!this.film || !this.settings.boxes) return 0;
    const [filmX, filmY] = this.filmAt(x, y);
    const inside = ({ box: [left, top, right, bottom] }) => left <= filmX && filmX <= right && top <= filmY && filmY <= bottom;
    return this.data.findings.findIndex(inside) + 1;
  }

  panes() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!this.settings.side) return [{ x: 0, y: 0, width, height }];
    // On narrow screens the panes are stacked.
    return width > 560
      ? [0, 1].map((number) => ({ x: (number * width) / 2, y: 0, width: width / 2, height }))
      : [0, 1].map((number) => ({ x: 0, y: (number * height) / 2, width, height: height / 2 }));
  }

  paneAt(x, y) {
    return this.panes().find((pane) => x < pane.x + pane.width && y < pane.y + pane.height) ?? this.panes()[0];
  }

  filmAt(x, y) {
    return onFilm(matrix(this.shown.place, this.paneAt(x, y)), x, y);
  }

  resize() {
    if (!this.film) return;
    if (this.shown.fit) this.fit();
    this.refresh();
  }

  fit() {
    const { place } = this.shown;
    place.x = this.film.width / 2;
    place.y = this.film.height / 2;
    place.zoom = fitting(this.film, place, this.panes()[0]);
    this.shown.fit = true;
  }

  zoom(factor, x, y) {
    const pane = x === undefined ? this.panes()[0] : this.paneAt(x, y);
    zoomAt(this.shown.place, this.film, pane, factor, x ?? pane.x + pane.width / 2, y ?? pane.y + pane.height / 2);
    this.shown.fit = false;
    this.refresh();
  }

  drag(across, down) {
    const at = matrix(this.shown.place, { x: 0, y: 0, width: 0, height: 0 });
    const [fromX, fromY] = onFilm(at, 0, 0);
    const [toX, toY] = onFilm(at, across, down);
    move(this.shown.place, this.film, fromX - toX, fromY - toY);
    if (across || down) this.shown.fit = false;
    this.refresh();
  }

  turn(quarters) {
    const { place } = this.shown;
    place.turn = (place.turn + (place.mirror ? -quarters : quarters) + 4) % 4;
    this.resize();
  }

  setWindow(level, width, invert = this.shown.invert) {
    const within = (value, [low, high]) => Math.min(high, Math.max(low, value));
    this.shown.level = within(level, this.limits.level);
    this.shown.width = within(width, this.limits.width);
    this.shown.invert = invert;
    this.stale = true;
    this.refresh();
  }

  /** Changes the window by shares of the original one. */
  changeWindow(levelBy, widthBy) {
    const { width } = this.original;
    this.setWindow(this.shown.level + levelBy * width, this.shown.width + widthBy * width);
  }

  /** A slider or list was moved. */
  set(name, value) {
    if (!this.film || !name) return;
    if (name === "opacity") this.settings.opacity = value / 100;
    if (name === "level") this.setWindow(value / 1000, this.shown.width);
    if (name === "width") this.setWindow(this.shown.level, value / 1000);
    if (name === "preset" && value !== "") this.setWindow(...this.windows[value].slice(1));
    this.refresh();
  }

  /** Runs the action of a key, if there is one; returns whether there was. */
  press(event) {
    const path = event.composedPath();
    if (!(this.over || path.includes(this.root)) || this.dialog.open) return false;
    // Buttons of the toolbar and sliders keep their arrow keys.
    const arrow = event.key.startsWith("Arrow");
    if (arrow && path[0] !== this.stage && path.includes(this.root)) return false;
    const action = called(event);
    const steps = { next: 1, previous: -1, ...(this.shown?.fit ? { left: -1, right: 1 } : {}) };
    if (!action || action in steps || (this.shown?.fit && ["up", "down"].includes(action))) return false;
    event.preventDefault();
    event.stopPropagation();
    this.run(action);
    return true;
  }

  run(action) {
    if (!this.film) return;
    const { shown, settings } = this;
    const steps = {
      "zoom-in": () => this.zoom(STEP),
      "zoom-out": () => this.zoom(1 / STEP),
      fit: () => this.fit(),
      actual: () => {
        this.zoom(1 / this.ratio / shown.place.zoom);
        shown.place.zoom = 1 / this.ratio; // exactly, or pixels are interpolated
      },
      "turn-right": () => this.turn(1),
      "turn-left": () => this.turn(-1),
      mirror: () => (shown.place.mirror = !shown.place.mirror),
      invert: () => this.setWindow(shown.level, shown.width, !shown.invert),
      window: () => (settings.mode = settings.mode === "window" ? "pan" : "window"),
      measure: () => (settings.mode = settings.mode === "measure" ? "pan" : "measure"),
      angle: () => (settings.mode = settings.mode === "angle" ? "pan" : "angle"),
      unmark: () => {
        shown.marks.pop();
        this.drawing = undefined;
      },
      greys: () => this.root.querySelector(".greys").toggleAttribute("hidden"),
      "window-reset": () => this.setWindow(this.original.level, this.original.width, false),
      side: () => {
        settings.side = !settings.side;
        this.resize();
      },
      boxes: () => (settings.boxes = !settings.boxes),
      annotated: () => (settings.annotated = !settings.annotated),
      heat: () => (settings.heat = !settings.heat),
      contour: () => (settings.contour = !settings.contour),
      "opacity-less": () => (settings.opacity = Math.max(0, settings.opacity - 0.1)),
      "opacity-more": () => (settings.opacity = Math.min(1, settings.opacity + 0.1)),
      full: () => this.toggleFull(),
      save: () => this.save(),
      help: () => this.dialog.showModal(),
      "help-close": () => this.dialog.close(),
      next: () => this.listeners.step(1),
      previous: () => this.listeners.step(-1),
      left: () => this.drag(60, 0),
      right: () => this.drag(-60, 0),
      up: () => this.drag(0, 60),
      down: () => this.drag(0, -60),
      narrower: () => this.changeWindow(0, -0.05),
      wider: () => this.changeWindow(0, 0.05),
      brighter: () => this.changeWindow(-0.02, 0),
      darker: () => this.changeWindow(0.02, 0),
    };
    steps[action]();
    this.refresh();
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    // Some phones do not allow full screen for an element; use the whole window there.
    else if (this.frame.requestFullscreen) this.frame.requestFullscreen();
    else this.frame.classList.toggle("full");
  }

  /** What is on the screen, as a PNG made by the browser. */
  save() {
    this.draw();
    this.canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${this.data.label}.second-look.png`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }

  /** Draws once before the next frame, however often it is asked. */
  refresh() {
    if (!this.film || this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = undefined;
      if (this.film) this.draw();
    });
  }

  draw() {
    if (this.stale) develop(this.grey, this.developed, this.shown);
    this.stale = false;
    const { clientWidth: width, clientHeight: height } = this.stage;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    const context = this.canvas.getContext("2d");
    context.scale(this.ratio, this.ratio);
    const { boxes, heat, side } = this.settings;
    this.panes().forEach((pane, number) => {
      const marked = !side || number === 1;
      drawPane(context, this, pane, heat && marked, boxes && marked);
    });
    this.tell();
  }

  /** Buttons, sliders and notes say what is shown; so do the attributes, for whoever cannot see the canvas. */
  tell() {
    const { shown, settings, root } = this;
    const pressed = {
      mirror: shown.place.mirror,
      invert: shown.invert,
      side: settings.side,
      boxes: settings.boxes,
      annotated: settings.annotated,
      heat: settings.heat,
      contour: settings.contour,
      window: settings.mode === "window",
      measure: settings.mode === "measure",
      angle: settings.mode === "angle",
    };
    for (const [action, on] of Object.entries(pressed)) {
      root.querySelector(`button[data-do="${action}"]`).setAttribute("aria-pressed", on);
    }
    root.querySelector("[data-do=greys]").setAttribute("aria-expanded", !root.querySelector(".greys").hidden);
    root.querySelector("[data-set=level]").value = shown.level * 1000;
    root.querySelector("[data-set=width]").value = shown.width * 1000;
    root.querySelector("[data-set=opacity]").value = settings.opacity * 100;
    root.querySelector("[data-set=preset]").value = this.windows.findIndex(
      ([, level, width]) => level === shown.level && width === shown.width,
    );
    root.querySelector("[data-do=boxes]").disabled = !this.data.findings.length;
    root.querySelector("[data-do=annotated]").hidden = !this.data.annotated?.length;
    root.querySelector("[data-do=heat]").disabled = !this.layer;
    root.querySelector("[data-do=contour]").disabled = !this.data.contours.length;
    root.querySelector(".heat").hidden = !(this.layer && settings.heat);
    const heat = this.layer && settings.heat;
    const percent = Math.round(shown.place.zoom * this.ratio * 100);
    root.querySelector(".state").textContent =
      `${percent}% · ${this.windowText()}` +
      `${shown.marks.length ? ` · ${measured(this, shown.marks.at(-1))}` : ""}` +
      `${shown.place.turn ? ` · turned ${shown.place.turn * 90}°` : ""}${shown.place.mirror ? " · mirrored" : ""}`;
    const boxes = settings.boxes ? this.data.findings.map((finding) => `, box ${finding.label}`).join("") : "";
    this.canvas.setAttribute(
      "aria-label",
      `${this.data.label}, zoom ${percent}%, ${heat ? "with" : "without"} heatmap${boxes}`,
    );
    this.stage.setAttribute("aria-label", "Image: drag to pan, plus and minus to zoom, question mark for shortcuts");
    this.stage.className = `stage ${settings.mode}`;
    // Touch scrolls the page as long as the whole image is visible.
    this.stage.style.touchAction = shown.fit && settings.mode === "pan" ? "pan-y" : "none";
    Object.assign(root.dataset, { film: this.data.film.url, layer: this.layer ? this.data.layer : "" });
    Object.assign(root.dataset, { matrix: this.panes().map((pane) => snapped(matrix(shown.place, pane)).join()).join(";") });
  }

  /** Level and width of the window: in pixel values if the file is DICOM, else in shares of the grey scale. */
  windowText() {
    const { level, width } = this.shown;
    const { scale, top } = this.grey;
    if (!scale) return `level ${level.toFixed(2)} width ${width.toFixed(2)}`;
    return `level ${valueText(this.grey, level * top)} width ${rounded(width * top * scale.step, scale.step)}`;
  }

  /** Says for a moment how the wheel zooms. */
  hint() {
    const note = this.root.querySelector(".hint");
    note.textContent = "Click the image or hold Ctrl to zoom with the wheel";
    clearTimeout(this.hinted);
    this.hinted = setTimeout(() => (note.textContent = ""), 1500);
  }

  /** The grey value under the pointer. */
  tellGrey(x, y) {
    const note = this.root.querySelector(".where");
    note.textContent = "";
    if (x === undefined) return;
    const [filmX, filmY] = this.filmAt(x, y).map(Math.floor);
    const { film, grey } = this;
    if (filmX < 0 || filmY < 0 || filmX >= film.width || filmY >= film.height) return;
    const column = Math.floor(((filmX + 0.5) * grey.width) / film.width);
    const row = Math.floor(((filmY + 0.5) * grey.height) / film.height);
    const level = grey.values[row * grey.width + column];
    note.textContent = `${filmX}, ${filmY} · ${grey.scale ? valueText(grey, level) : `grey ${level} of ${grey.top}`}`;
  }
}
