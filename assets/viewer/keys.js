// Every action of the viewer: the keys that call it, and its words for button, tooltip and list of keys.

const ACTIONS = [
  ["zoom-in", ["+", "="], "Zoom in"],
  ["zoom-out", ["-"], "Zoom out"],
  ["fit", ["0"], "Fit the whole film"],
  ["actual", ["1"], "One film pixel on one screen pixel"],
  ["turn-right", ["r"], "Turn right by 90°"],
  ["turn-left", ["Shift R"], "Turn left by 90°"],
  ["mirror", ["m"], "Mirror left and right"],
  ["invert", ["i"], "Invert the grey values"],
  ["pan", ["p"], "Drag moves the film"],
  ["window", ["w"], "Drag sets the window"],
  ["measure", ["d"], "Drag measures a distance"],
  ["greys", ["g"], "Grey levels: level, width, presets"],
  ["window-reset", ["x"], "Reset the window"],
  ["side", ["s"], "Film and heatmap side by side"],
  ["heat", ["h"], "Heatmap on or off"],
  ["contour", ["c"], "Contour of the strongest areas"],
  ["opacity-less", ["["], "Heatmap fainter"],
  ["opacity-more", ["]"], "Heatmap stronger"],
  ["full", ["f"], "Full screen"],
  ["save", ["v"], "Save this picture"],
  ["help", ["?"], "List of keys"],
  ["left", ["ArrowLeft"], "Move left"],
  ["right", ["ArrowRight"], "Move right"],
  ["up", ["ArrowUp"], "Move up"],
  ["down", ["ArrowDown"], "Move down"],
  ["narrower", ["Shift ArrowLeft"], "More contrast"],
  ["wider", ["Shift ArrowRight"], "Less contrast"],
  ["brighter", ["Shift ArrowUp"], "Brighter"],
  ["darker", ["Shift ArrowDown"], "Darker"],
];

const ARROWS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** The action that a key event calls, if any. */
function called(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  // A letter tells its shift by its size; a sign such as "?" or "+" needs shift on one keyboard and not on another.
  const shifted = event.shiftKey && (event.key.startsWith("Arrow") || /^[a-z]$/i.test(event.key));
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = shifted ? `Shift ${key.length === 1 ? key.toUpperCase() : key}` : key;
  return ACTIONS.find(([, keys]) => keys.includes(name))?.[0];
}

function keyWords(key) {
  return key.split(" ").map((part) => ARROWS[part] ?? part.toUpperCase()).join(" ");
}

/** Names the buttons and fills the list of keys. */
function nameButtons(root) {
  const rows = root.querySelector("dialog table");
  for (const [action, keys, words] of ACTIONS) {
    const button = root.querySelector(`button[data-do="${action}"]`);
    if (button) {
      button.type = "button";
      button.title = `${words} (${keyWords(keys[0])})`;
      if (!button.textContent.trim()) button.setAttribute("aria-label", words);
    }
    const row = rows.insertRow();
    row.insertCell().append(Object.assign(document.createElement("kbd"), { textContent: keyWords(keys[0]) }));
    row.insertCell().textContent = words;
  }
}
