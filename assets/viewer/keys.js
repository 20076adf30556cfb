// Actions of the viewer: keys, and the label for button, tooltip and list of shortcuts.

const ACTIONS = [
  ["next", ["n"], "Next image"],
  ["previous", ["p"], "Previous image"],
  ["zoom-in", ["+", "="], "Zoom in"],
  ["zoom-out", ["-"], "Zoom out"],
  ["fit", ["0"], "Fit to window"],
  ["actual", ["1"], "Actual size (1:1)"],
  ["turn-right", ["r"], "Turn right by 90°"],
  ["turn-left", ["Shift R"], "Turn left by 90°"],
  ["mirror", ["m"], "Mirror left and right"],
  ["invert", ["i"], "Invert the grey values"],
  ["window", ["w"], "Drag to set the window"],
  ["measure", ["d"], "Measure distances"],
  ["angle", ["a"], "Measure an angle: drag one leg, then click the end of the other"],
  ["unmark", ["Backspace", "Delete"], "Remove the last measurement"],
  ["greys", ["g"], "Window level, width, presets"],
  ["window-reset", ["x"], "Reset the window"],
  ["side", ["s"], "Image and heatmap side by side"],
  ["heat", ["h"], "Heatmap on or off"],
  ["boxes", ["b"], "Boxes of the findings on or off"],
  ["annotated", ["t"], "Annotated boxes of the dataset on or off"],
  ["contour", ["c"], "Contour of the strongest areas"],
  ["opacity-less", ["["], "Less heatmap opacity"],
  ["opacity-more", ["]"], "More heatmap opacity"],
  ["full", ["f"], "Full screen"],
  ["save", ["v"], "Save image"],
  ["help", ["?"], "Keyboard shortcuts"],
  ["left", ["ArrowLeft"], "Previous image; if zoomed in, move left"],
  ["right", ["ArrowRight"], "Next image; if zoomed in, move right"],
  ["up", ["ArrowUp"], "If zoomed in, move up"],
  ["down", ["ArrowDown"], "If zoomed in, move down"],
  ["narrower", ["Shift ArrowLeft"], "More contrast"],
  ["wider", ["Shift ArrowRight"], "Less contrast"],
  ["brighter", ["Shift ArrowUp"], "Brighter"],
  ["darker", ["Shift ArrowDown"], "Darker"],
];

// Names of keys for the list of shortcuts.
const ARROWS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** The action of a key event, if any. */
function called(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  // Shift matters for letters and arrows only: "?" and "+" need it on some keyboard layouts and not on others.
  const shifted = event.shiftKey && (event.key.startsWith("Arrow") || /^[a-z]$/i.test(event.key));
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = shifted ? `Shift ${key.length === 1 ? key.toUpperCase() : key}` : key;
  return ACTIONS.find(([, keys]) => keys.includes(name))?.[0];
}

function keyWords(key) {
  return key.split(" ").map((part) => ARROWS[part] ?? part.toUpperCase()).join(" ");
}

/** Labels the buttons and fills the list of shortcuts. `reservedKeys` do something else on this page. */
function nameButtons(root, reservedKeys) {
  const rows = root.querySelector("dialog table");
  for (const [action, keys, words] of ACTIONS) {
    const button = root.querySelector(`button[data-do="${action}"]`);
    const reserved = reservedKeys.includes(keys[0]);
    if (button) {
      button.type = "button";
      button.title = reserved ? words : `${words} (${keyWords(keys[0])})`;
      if (!button.textContent.trim()) button.setAttribute("aria-label", words);
    }
    if (reserved || button?.hidden) continue;
    const row = rows.insertRow();
    row.insertCell().append(Object.assign(document.createElement("kbd"), { textContent: keyWords(keys[0]) }));
    row.insertCell().textContent = words;
  }
}

/** Makes a toolbar one tab stop, in which the arrow keys, Home and End move the focus. */
function moveFocusWithArrows(bar) {
  const buttons = () => [...bar.querySelectorAll("button")].filter((button) => !button.disabled && button.offsetParent);
  const stop = (current) => {
    for (const button of bar.querySelectorAll("button")) button.tabIndex = button === current ? 0 : -1;
  };
  stop(bar.querySelector("button"));
  bar.addEventListener("focusin", (event) => stop(event.target.closest("button")));
  bar.addEventListener("keydown", (event) => {
    const found = buttons();
    const at = found.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: found.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    found[(to + found.length) % found.length].focus();
  });
}
