// The rail: one thumbnail for each image of a study, with its verdict.

class Rail {
  /** @param open called with the key of the image that the user chooses. */
  constructor(root, open) {
    this.root = root;
    this.images = [];
    this.buttons = new Map();
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) open(button.dataset.key);
    });
    root.addEventListener("pointerenter", () => (this.over = true));
    root.addEventListener("pointerleave", () => {
      this.over = false;
      if (this.late) this.take(this.late);
    });
  }

  /** Takes the images in their order. Nothing changes its place under the pointer. */
  take(images) {
    const sameImages = images.length === this.images.length && images.every(({ key }) => this.buttons.has(key));
    const moved = images.some(({ key }, at) => key !== this.images[at]?.key);
    this.late = this.over && sameImages && moved ? images : undefined;
    const known = new Map(images.map((image) => [image.key, image]));
    this.images = this.late ? this.images.map(({ key }) => known.get(key)) : images;
    for (const [key, button] of this.buttons) {
      if (known.has(key)) continue;
      button.remove();
      this.buttons.delete(key);
    }
    for (const image of this.images) this.fill(image);
    // Appending an element that is in place already would take its focus.
    this.images.forEach(({ key }, at) => {
      const button = this.buttons.get(key);
      if (this.root.children[at] !== button) this.root.insertBefore(button, this.root.children[at] ?? null);
    });
    this.root.hidden = this.images.length < 2;
    this.mark(this.current);
  }

  fill(image) {
    let button = this.buttons.get(image.key);
    if (!button) {
      button = element("button", { type: "button", "data-key": image.key, tabindex: "-1" });
      this.buttons.set(image.key, button);
    }
    const state = JSON.stringify(image);
    if (button.state === state) return;
    button.state = state;
    button.className = `thumb ${image.tone}`;
    button.title = image.name;
    button.classList.toggle("warned", Boolean(image.warning));
    button.replaceChildren(
      image.thumb
        ? element("img", { src: image.thumb, alt: "", loading: "lazy", decoding: "async" })
        : element("span", { class: "blank" }),
      element("span", { class: "word" }, image.word),
      element("span", { class: "name" }, image.view || image.name),
      element("span", { class: "share" }, image.share),
    );
    const words = [image.name, image.view, image.word, image.share, image.warning];
    button.setAttribute("aria-label", words.filter(Boolean).join(", "));
  }

  /** Marks the open image, and scrolls to it. */
  mark(key) {
    const another = this.current !== key;
    this.current = key;
    for (const [each, button] of this.buttons) {
      const open = each === key;
      button.tabIndex = open ? 0 : -1;
      if (open) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      if (!open || !another || this.root.hidden) continue;
      if (this.hasFocus()) button.focus({ preventScroll: true });
      // Not scrollIntoView, which would also scroll the page.
      const { offsetTop: top, offsetLeft: left, offsetHeight: height, offsetWidth: width } = button;
      const { root } = this;
      if (top < root.scrollTop || top + height > root.scrollTop + root.clientHeight) {
        root.scrollTop = top - (root.clientHeight - height) / 2;
      }
      if (left < root.scrollLeft || left + width > root.scrollLeft + root.clientWidth) {
        root.scrollLeft = left - (root.clientWidth - width) / 2;
      }
    }
  }

  hasFocus() {
    return this.root.contains(this.root.getRootNode().activeElement);
  }

  /** The key of the image so many places further; undefined at the ends. */
  next(key, by) {
    return this.images[this.images.findIndex((image) => image.key === key) + by]?.key;
  }
}
