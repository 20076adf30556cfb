"use strict";
// A lesson: a title, films of four steps each (the film, the model, the truth, the heatmap), and a table at the end.
const lesson = JSON.parse(document.getElementById("data").textContent);
const [ASK, MODEL, TRUTH, HEAT] = [0, 1, 2, 3];
const words = [`no ${lesson.finding}`, lesson.finding];
const keys = ["n", lesson.finding[0]];
const root = document.getElementById("lesson");
const told = document.getElementById("told");
const film = document.getElementById("film");
const guesses = lesson.slides.map(() => null);
// -1 is the title, one past the last film the table.
let at = -1, step = ASK;

function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "click") made.addEventListener("click", value);
    else if (value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function say(kind, head, ...rest) {
  return el("div", { class: `say ${kind}` }, ...(head ? [el("b", {}, head)] : []), ...rest);
}

function title() {
  const count = lesson.slides.length;
  told.replaceChildren(
    el("h1", {}, lesson.title),
    el("p", {}, `${count} film${count === 1 ? "" : "s"}. Each is shown first without a word: say whether you see `
      + `${"aeiou".includes(lesson.finding[0]) ? "an" : "a"} ${lesson.finding}. Then come the model’s answer, the truth, and where the model looked.`),
    el("p", {}, el("small", {}, "Keys: ", el("kbd", {}, "→"), " on, ", el("kbd", {}, "←"), " back, ",
      el("kbd", {}, keys[1].toUpperCase()), ` ${words[1]}, `, el("kbd", {}, "N"), ` ${words[0]}, `,
      el("kbd", {}, "Home"), " from the start.")),
    el("p", { class: "duty" }, lesson.duty),
    el("p", { class: "duty" }, `Model: ${lesson.model}. It calls a film ${words[1]} from a probability of ${lesson.threshold} on. `
      + "It supports decisions and makes none."),
  );
}

function end() {
  const row = (slide, number) => {
    const guess = guesses[number];
    const cell = (value, right) => el("td", { class: right === false ? "no" : "" }, value);
    return el("tr", {}, el("th", { scope: "row" }, `Film ${number + 1}`),
      guess === null ? cell("–") : cell(words[guess], guess === slide.label),
      cell(words[Number(slide.called)], Number(slide.called) === slide.label), cell(words[slide.label]));
  };
  const made = guesses.filter((guess) => guess !== null).length;
  const right = lesson.slides.filter((slide, number) => guesses[number] === slide.label).length;
  const model = lesson.slides.filter((slide) => Number(slide.called) === slide.label).length;
  told.replaceChildren(
    el("h1", {}, "All films"),
    el("p", {}, made ? `You were right on ${right} of ${made}, the model on ${model} of ${lesson.slides.length}.`
      : `You made no guess; the model was right on ${model} of ${lesson.slides.length}.`),
    el("table", {}, el("thead", {}, el("tr", {}, ...["", "your guess", "the model", "the truth"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...lesson.slides.map(row))),
    el("p", {}, el("small", {}, "Films of a lesson are chosen: the model’s share of right answers here says nothing of how good it is.")),
    el("p", { class: "duty" }, lesson.duty),
  );
}

function draw(slide) {
  const heat = step === HEAT && slide.overlay;
  const [width, height] = slide.size;
  const line = Math.max(width, height) / 240;
  const name = "http://www.w3.org/2000/svg";
  const svg = (kind, attributes) => {
    const made = document.createElementNS(name, kind);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  film.setAttribute("viewBox", `0 0 ${width} ${height}`);
  film.setAttribute("aria-label", `Film ${at + 1}${heat ? ", with heatmap" : ""}${step >= TRUTH && slide.boxes.length ? `, with the true ${lesson.finding}` : ""}`);
  film.replaceChildren(svg("image", { href: heat ? slide.overlay : slide.film, width, height }));
  if (step >= TRUTH) {
    for (const [x0, y0, x1, y1] of slide.boxes) {
      // A dark line under the bright one keeps the box visible on bone and on background.
      for (const [stroke, size] of [["#000", 2.2], ["#56D4E9", 1]]) {
        film.append(svg("rect", { x: x0 * width, y: y0 * height, width: (x1 - x0) * width, height: (y1 - y0) * height,
          fill: "none", stroke, "stroke-width": line * size }));
      }
    }
  }
  document.getElementById("synthetic").hidden = !slide.synthetic;
}

function one(slide) {
  const guess = guesses[at];
  const parts = [el("h2", {}, `Film ${at + 1} of ${lesson.slides.length}${slide.region ? ` · ${slide.region}` : ""}`)];
  if (step === ASK) {
    parts.push(say("", "What do you see?"), el("div", { class: "guess" }, ...[1, 0].map((label) =>
      el("button", { type: "button", "aria-pressed": String(guess === label), click: () => take(label) }, words[label], " ", el("kbd", {}, keys[label].toUpperCase())))));
  } else {
    const judged = step < TRUTH || guess === null ? "" : guess === slide.label ? "right" : "wrong";
    parts.push(say(judged, guess === null ? "no guess" : words[guess], el("small", {}, `your guess${judged ? `, ${judged}` : ""}`)));
    const fits = Number(slide.called) === slide.label;
    const kind = step < TRUTH ? "" : fits ? "right" : "wrong";
    parts.push(say(kind, words[Number(slide.called)],
      el("small", {}, `the model${kind ? `, ${kind}` : ""}: probability ${slide.probability}, verdict “${slide.verdict}”`)));
  }
  if (step >= TRUTH) {
    parts.push(say("", words[slide.label], el("small", {}, slide.boxes.length
      ? `the truth, marked in ${slide.boxes.length} place${slide.boxes.length === 1 ? "" : "s"}` : "the truth")));
  }
  if (step === HEAT) {
    parts.push(slide.overlay
      ? el("div", { class: "scale" }, "little", el("img", { src: lesson.legend, alt: "" }), "strong evidence")
      : say("", "", slide.no_heat));
    if (slide.note) parts.push(say("note", "", slide.note));
  }
  told.replaceChildren(...parts);
  draw(slide);
}

function show() {
  const count = lesson.slides.length;
  root.classList.toggle("words", at < 0 || at === count);
  if (at < 0) title();
  else if (at === count) end();
  else one(lesson.slides[at]);
  document.getElementById("back").disabled = at < 0;
  const on = document.getElementById("on");
  on.disabled = at === count;
  const next = ["The model", "The truth", "Where it looked", at + 1 === count ? "To the end" : "Next film"];
  on.firstChild.data = `${at < 0 ? "Start" : at === count ? "The end" : next[step]} `;
  document.getElementById("place").textContent = at < 0 || at === count ? lesson.title : `Film ${at + 1} of ${count}`;
  told.scrollTop = 0;
}

function forward() {
  if (at === lesson.slides.length) return;
  if (at >= 0 && step < HEAT) step += 1;
  else { at += 1; step = ASK; }
  show();
}

function backward() {
  if (at < 0) return;
  if (at < lesson.slides.length && step > ASK) step -= 1;
  else { at -= 1; step = at >= 0 ? HEAT : ASK; }
  show();
}

function take(label) {
  guesses[at] = label;
  step = MODEL;
  show();
  document.getElementById("on").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "arrowright" || key === "pagedown") forward();
  else if (key === "arrowleft" || key === "pageup") backward();
  else if (key === "home") { at = -1; step = ASK; show(); }
  else if (keys.includes(key) && step === ASK && at >= 0 && at < lesson.slides.length) take(keys.indexOf(key));
  else return;
  event.preventDefault();
});
document.getElementById("on").addEventListener("click", forward);
document.getElementById("back").addEventListener("click", backward);
const whole = document.getElementById("whole");
whole.hidden = !document.fullscreenEnabled;
whole.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
show();
