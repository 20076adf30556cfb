// The viewer alone, for one image on a page with other content.

// Keys of the pages that use it: marks, undo, previous, next, back to the list, collect for teaching.
const RESERVED_KEYS = "0123456789unpbt";

const VIEWERS = new WeakMap();

class SingleViewer {
  constructor(root) {
    this.root = root;
    root.querySelector("[data-do=annotated]").hidden = false;
    this.viewer = new Viewer(root.querySelector(".viewer"), root, { step() {}, point() {} }, RESERVED_KEYS);
    this.viewer.settings.heat = true;
    this.onKey = (event) => this.press(event);
  }

  begin() {
    document.addEventListener("keydown", this.onKey, true);
    this.viewer.begin();
  }

  end() {
    document.removeEventListener("keydown", this.onKey, true);
    this.viewer.end();
  }

  async take(data) {
    this.wanted = data;
    this.root.setAttribute("aria-busy", "true");
    try {
      const same = this.film && this.film.url === data.film.url;
      const [grey, layer] = await Promise.all([
        same ? this.film.grey : fetchFilm(data.film),
        data.layer ? fetchLayer(data.layer) : undefined,
      ]);
      if (this.wanted !== data) return;
      this.film = { url: data.film.url, grey };
      this.viewer.fail("");
      this.viewer.show(data, grey, layer);
    } catch (error) {
      if (this.wanted === data) this.viewer.fail(`The image cannot be shown: ${error.message}. Reload the page.`);
    }
    this.root.setAttribute("aria-busy", "false");
  }

  press(event) {
    if (!this.root.isConnected || event.defaultPrevented || RESERVED_KEYS.includes(event.key.toLowerCase())) return;
    const { tagName, type, isContentEditable } = event.composedPath()[0];
    if (isContentEditable || tagName === "TEXTAREA" || tagName === "SELECT") return;
    if (tagName === "INPUT" && (type !== "range" || event.key.startsWith("Arrow"))) return;
    if (!this.viewer.dialog.open) this.viewer.press(event);
  }
}

/** Called by Streamlit when the viewer appears and whenever the app sends something new. */
export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".single-viewer");
  let single = VIEWERS.get(root);
  if (!single) {
    single = new SingleViewer(root);
    VIEWERS.set(root, single);
    // The list that was shown before may have been scrolled.
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
  }
  single.begin();
  single.take(data);
  return () => {
    if (!root.isConnected) single.end();
  };
}
