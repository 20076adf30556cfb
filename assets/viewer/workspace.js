// The workspace of a study: rail, viewer and panel, and what they send to the app.
//
// The browser decides which image is open, so that every key press counts and verdict and pixels change together. The
// app sends the details of the open image and its neighbours; those of another image are asked for.

// Decoded images and heatmaps that are kept, so that a step to a neighbour needs no request.
const KEPT_FILES = 32;

// Milliseconds without another step before the app is told which image is open.
const TELL_AFTER = 120;

const WORKSPACES = new WeakMap();

// The workspace of the current study.
let current;

class Workspace {
  constructor(root) {
    this.root = root;
    this.details = new Map();
    this.files = new Map();
    this.viewer = new Viewer(root.querySelector(".viewer"), root, {
      step: (by) => this.step(by),
      point: (number) => this.point(number),
    });
    this.rail = new Rail(root.querySelector(".rail"), (key) => this.open(key));
    this.panel = new Panel(root.querySelector(".head"), root.querySelector(".body"), {
      open: (key) => this.open(key),
      point: (number) => this.point(number),
      goTo: (number) => this.viewer.goTo(number),
      send: (name, value) => this.send(name, value),
    });
    this.onKey = (event) => this.press(event);
    this.onSize = () => this.fitWindow();
    this.moved = new ResizeObserver(this.onSize);
    root.addEventListener("pointerdown", () => this.touch(), true);
  }

  begin() {
    document.addEventListener("keydown", this.onKey, true);
    window.addEventListener("resize", this.onSize);
    // What stands above it may shrink later; the height of the page then changes, too.
    this.moved.observe(document.querySelector("[data-testid=stMainBlockContainer]") ?? document.body);
    this.viewer.begin();
    this.fitWindow();
  }

  /** Empties the workspace of an earlier study, which Streamlit may remove a moment after the next one appears. */
  retire() {
    this.end();
    this.retired = true;
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  end() {
    document.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("resize", this.onSize);
    this.moved.disconnect();
    this.viewer.end();
  }

  /** The workspace ends at the lower edge of the window, whatever stands above it. */
  fitWindow() {
    const scrolled = document.querySelector("[data-testid=stMain]")?.scrollTop ?? 0;
    const top = this.root.getBoundingClientRect().top + scrolled;
    this.root.style.setProperty("--top", `${Math.round(top)}px`);
  }

  /** Takes what the app sends. */
  take(data, component) {
    this.component = component;
    if (this.study !== data.study) {
      Object.assign(this, { study: data.study, wanted: undefined, shown: undefined, touched: false });
      this.details.clear();
      this.files.clear();
    }
    this.data = data;
    const keys = new Set(data.images.map((image) => image.key));
    for (const key of this.details.keys()) if (!keys.has(key)) this.details.delete(key);
    for (const [key, detail] of Object.entries(data.details)) this.details.set(key, detail);
    this.root.dataset.images = data.images.length;
    this.root.classList.toggle("single", data.images.length < 2);
    this.rail.take(data.images);
    // Until the user has chosen an image, the app chooses.
    if (!this.touched || !keys.has(this.wanted)) this.wanted = data.open;
    this.rail.mark(this.wanted);
    this.show();
    // The neighbours are loaded ahead; an error shows when one of them is opened.
    for (const by of [1, -1]) {
      const detail = this.details.get(this.rail.next(this.wanted, by));
      if (detail) this.fetch(detail).catch(() => undefined);
    }
  }

  /** Loads a file of an image once. */
  load(url, loader) {
    let loaded = this.files.get(url);
    if (!loaded) {
      loaded = loader();
      loaded.catch(() => this.files.delete(url));
    }
    // The one used last is at the end.
    this.files.delete(url);
    this.files.set(url, loaded);
    while (this.files.size > KEPT_FILES) this.files.delete(this.files.keys().next().value);
    return loaded;
  }

  /** Grey values and heatmap of an image. */
  fetch({ film, layer }) {
    return Promise.all([
      film ? this.load(film.url, () => fetchFilm(film)) : undefined,
      layer ? this.load(layer, () => fetchLayer(layer)) : undefined,
    ]);
  }

  /** Shows the wanted image as soon as everything about it is here: verdict and pixels in the same frame. */
  async show() {
    const key = this.wanted;
    const detail = this.details.get(key);
    this.busy(!detail || (this.shown !== key && detail.film));
    if (!detail) return;
    let film, layer;
    try {
      [film, layer] = await this.fetch(detail);
    } catch (error) {
      // The app no longer keeps the pixels of an image that was sent before; it sends them again once.
      if (this.wanted !== key || this.details.get(key) !== detail) return;
      if (this.asked !== key) {
        this.asked = key;
        this.details.delete(key);
        this.tell();
        return;
      }
      this.viewer.fail(`The image cannot be shown: ${error.message}. Reload the page.`);
      this.busy(false);
      return;
    }
    if (this.wanted !== key || this.details.get(key) !== detail) return;
    this.asked = undefined;
    this.viewer.fail("");
    this.panel.show(this.data.study_box, detail);
    this.viewer.show(detail, film, layer);
    this.shown = key;
    this.root.dataset.shown = detail.number;
    this.busy(false);
  }

  busy(on) {
    this.root.setAttribute("aria-busy", String(Boolean(on)));
  }

  /** Opens an image. */
  open(key) {
    this.touched = true;
    if (key === undefined || key === this.wanted) return;
    this.wanted = key;
    this.rail.mark(key);
    this.show();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(), TELL_AFTER);
  }

  step(by) {
    this.open(this.rail.next(this.wanted, by));
  }

  /** After the first touch the app no longer chooses the image. */
  touch() {
    if (this.touched || this.data.images.length < 2) return;
    this.touched = true;
    this.tell();
  }

  tell() {
    this.component.setStateValue("open", { key: this.wanted, asked: this.asked ?? "" });
  }

  send(name, value) {
    this.component.setTriggerValue(name, value);
  }

  point(number) {
    this.viewer.highlight(number);
    this.panel.highlight(number);
  }

  press(event) {
    if (!this.root.isConnected || event.defaultPrevented) return;
    const [target] = event.composedPath();
    const { tagName, type, isContentEditable } = target;
    if (isContentEditable || tagName === "TEXTAREA" || tagName === "SELECT") return;
    if (tagName === "INPUT" && (type !== "range" || event.key.startsWith("Arrow"))) return;
    if (this.viewer.dialog.open || this.viewer.press(event)) return;
    const action = called(event);
    const inRail = this.rail.hasFocus();
    const free = target === document.body || target === this.viewer.stage || target.tagName === "MAIN" || inRail;
    const by = { next: 1, previous: -1 }[action]
      ?? (free ? { left: -1, right: 1 }[action] : undefined)
      ?? (inRail ? { up: -1, down: 1 }[action] : undefined);
    if (!by || this.data.images.length < 2) return;
    event.preventDefault();
    event.stopPropagation();
    this.step(by);
  }
}

/** Called by Streamlit when the workspace appears and whenever the app sends something new. */
export default function (component) {
  const { parentElement, data } = component;
  const root = parentElement.querySelector(".workspace");
  let workspace = WORKSPACES.get(root);
  if (!workspace) {
    workspace = new Workspace(root);
    WORKSPACES.set(root, workspace);
    if (current?.root.isConnected) current.retire();
    current = workspace;
  }
  if (workspace.retired) return undefined;
  workspace.begin();
  workspace.take(data, component);
  // Streamlit also cleans up after a call that a newer one for the same workspace has replaced.
  return () => {
    if (!root.isConnected) workspace.end();
  };
}
