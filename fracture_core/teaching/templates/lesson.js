"use strict";
// Lesson player: a title, four steps per image (question, model, ground truth, heatmap), and a summary table.
const lesson = JSON.parse(document.getElementById("data").textContent);
const [QUESTION, MODEL, TRUTH, HEATMAP] = [0, 1, 2, 3];
const labels = [`no ${lesson.finding}`, lesson.finding];
const keys = ["n", lesson.finding[0]];
const root = document.getElementById("lesson");
const panel = document.getElementById("panel");
const film = document.getElementById("film");
const next = document.getElementById("next");
const back = document.getElementById("back");
const answers = lesson.slides.map(() => null);
const count = lesson.slides.length;
// Slide index: -1 is the title, `count` the summary.
let index = -1, step = QUESTION;

const finding = `${"aeiou".includes(lesson.finding[0]) ? "an" : "a"} ${lesson.finding}`;
const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const judge = (label, slide) => (label === slide.label ? "correct" : "incorrect");

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "click") node.addEventListener("click", value);
    else if (value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

function card(judgement, heading, ...rest) {
  return element("div", { class: `card ${judgement}` }, ...(heading ? [element("b", {}, heading)] : []), ...rest);
}

function showTitle() {
  panel.replaceChildren(
    element("h1", {}, lesson.title),
    element("p", {}, `${plural(count, "image")}. Decide for each image whether you see ${finding}. `
      + "Then compare with the model’s answer, the ground truth and the heatmap."),
    element("p", {}, element("small", {}, "Keys: ", element("kbd", {}, "→"), " next, ", element("kbd", {}, "←"), " back, ",
      element("kbd", {}, keys[1].toUpperCase()), ` ${labels[1]}, `, element("kbd", {}, "N"), ` ${labels[0]}, `,
      element("kbd", {}, "Home"), " restart.")),
    element("p", { class: "notice" }, lesson.privacy_notice),
    element("p", { class: "notice" }, `Model: ${lesson.model}. It reports ${finding} at a probability of ${lesson.threshold} or more. `
      + "It supports clinical decisions and does not replace them."),
  );
}

function showSummary() {
  const row = (slide, number) => {
    const answer = answers[number];
    const cell = (label) => element("td", { class: judge(label, slide) }, labels[label]);
    return element("tr", {}, element("th", { scope: "row" }, `Image ${number + 1}`),
      answer === null ? element("td", {}, "–") : cell(answer), cell(Number(slide.called)), cell(slide.label));
  };
  const answered = answers.filter((answer) => answer !== null).length;
  const correct = lesson.slides.filter((slide, number) => answers[number] === slide.label).length;
  const model = lesson.slides.filter((slide) => Number(slide.called) === slide.label).length;
  panel.replaceChildren(
    element("h1", {}, "Summary"),
    element("p", {}, `Correct answers: ${answered ? `you ${correct} of ${answered}, ` : ""}the model ${model} of ${count}.`),
    element("table", {}, element("thead", {}, element("tr", {},
      ...["", "Your answer", "Model", "Ground truth"].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, ...lesson.slides.map(row))),
    element("p", {}, element("small", {}, "The images were selected for teaching, so the score does not measure the model’s accuracy.")),
    element("p", { class: "notice" }, lesson.privacy_notice),
  );
}

function drawImage(slide) {
  const overlay = step === HEATMAP && slide.overlay;
  const [width, height] = slide.size;
  const line = Math.max(width, height) / 240;
  const svg = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const boxes = step >= TRUTH ? slide.boxes : [];
  film.setAttribute("viewBox", `0 0 ${width} ${height}`);
  film.setAttribute("aria-label",
    `Image ${index + 1}${overlay ? " with heatmap" : ""}${boxes.length ? `, ${lesson.finding} marked` : ""}`);
  film.replaceChildren(svg("image", { href: overlay ? slide.overlay : slide.film, width, height }));
  for (const [x0, y0, x1, y1] of boxes) {
    // A dark outline below the bright one keeps the box visible on bone and on background.
    for (const [stroke, size] of [["#000", 2.2], ["#56D4E9", 1]]) {
      film.append(svg("rect", { x: x0 * width, y: y0 * height, width: (x1 - x0) * width, height: (y1 - y0) * height,
        fill: "none", stroke, "stroke-width": line * size }));
    }
  }
  document.getElementById("synthetic").hidden = !slide.synthetic;
}

function showSlide(slide) {
  const answer = answers[index];
  const parts = [element("h2", {}, `Image ${index + 1} of ${count}${slide.region ? ` · ${slide.region}` : ""}`)];
  if (step === QUESTION) {
    parts.push(card("", "What do you see?", element("div", { class: "answers" }, ...[1, 0].map((label) =>
      element("button", { type: "button", "aria-pressed": String(answer === label), click: () => setAnswer(label) },
        `${labels[label][0].toUpperCase()}${labels[label].slice(1)}`, " ", element("kbd", {}, keys[label].toUpperCase()))))));
  } else {
    const reveal = (label) => (step < TRUTH ? "" : judge(label, slide));
    const suffix = (judgement) => (judgement ? ` (${judgement})` : "");
    const yours = answer === null ? "" : reveal(answer);
    parts.push(card(yours, answer === null ? "–" : labels[answer], element("small", {}, `Your answer${suffix(yours)}`)));
    const models = reveal(Number(slide.called));
    parts.push(card(models, labels[Number(slide.called)],
      element("small", {}, `Model${suffix(models)}: probability ${slide.probability}, verdict “${slide.verdict}”`)));
  }
  if (step >= TRUTH) {
    const marked = slide.boxes.length ? `, ${plural(slide.boxes.length, "marked location")}` : "";
    parts.push(card("", labels[slide.label], element("small", {}, `Ground truth${marked}`)));
  }
  if (step === HEATMAP) {
    parts.push(slide.overlay
      ? element("div", { class: "scale" }, "weak", element("img", { src: lesson.legend, alt: "" }), "strong evidence")
      : card("", "", slide.no_heat));
    if (slide.note) parts.push(card("note", "", slide.note));
  }
  panel.replaceChildren(...parts);
  drawImage(slide);
}

function show() {
  const onSlide = index >= 0 && index < count;
  root.classList.toggle("text-only", !onSlide);
  if (onSlide) showSlide(lesson.slides[index]);
  else if (index < 0) showTitle();
  else showSummary();
  back.disabled = index < 0;
  next.disabled = index === count;
  const steps = ["Show model", "Show ground truth", "Show heatmap", index + 1 === count ? "Show summary" : "Next image"];
  next.firstChild.data = `${index < 0 ? "Start" : onSlide ? steps[step] : "End"} `;
  document.getElementById("position").textContent = onSlide ? `Image ${index + 1} of ${count}` : lesson.title;
  panel.scrollTop = 0;
}

function forward() {
  if (index === count) return;
  if (index >= 0 && step < HEATMAP) step += 1;
  else { index += 1; step = QUESTION; }
  show();
}

function backward() {
  if (index < 0) return;
  if (index < count && step > QUESTION) step -= 1;
  else { index -= 1; step = index >= 0 ? HEATMAP : QUESTION; }
  show();
}

function setAnswer(label) {
  answers[index] = label;
  step = MODEL;
  show();
  next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "arrowright" || key === "pagedown") forward();
  else if (key === "arrowleft" || key === "pageup") backward();
  else if (key === "home") { index = -1; step = QUESTION; show(); }
  else if (keys.includes(key) && step === QUESTION && index >= 0 && index < count) setAnswer(keys.indexOf(key));
  else return;
  event.preventDefault();
});
next.addEventListener("click", forward);
back.addEventListener("click", backward);
const fullscreen = document.getElementById("fullscreen");
fullscreen.hidden = !document.fullscreenEnabled;
fullscreen.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
show();
