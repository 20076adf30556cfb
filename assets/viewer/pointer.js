// Mouse, pen and touch input on the image.

/** Binds panning, zooming, windowing and measuring to the pointer; `view` is the viewer. */
function listenToPointer(view) {
  const { stage } = view;
  const down = new Map();
  let button = 0;

  const local = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const measures = () => view.settings.mode === "measure" || view.settings.mode === "angle";
  const touched = () => {
    const points = [...down.values()];
    const [x, y] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    return { x, y, spread: points.length < 2 ? 0 : Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]) };
  };

  stage.addEventListener("pointerdown", (event) => {
    if (!view.film) return;
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    down.set(event.pointerId, local(event));
    button = event.button;
    if (down.size === 1 && measures() && button === 0 && !event.shiftKey) {
      const point = view.filmAt(...local(event));
      if (view.drawing?.length === 3) view.drawing = undefined; // the click that ends an angle
      else view.shown.marks.push((view.drawing = [point, point]));
      view.refresh();
    }
  });

  stage.addEventListener("pointermove", (event) => {
    if (!view.film) return;
    const [x, y] = local(event);
    view.tellGrey(x, y);
    if (!down.size) {
      view.listeners.point(view.findingAt(x, y));
      if (view.drawing?.length === 3) {
        view.drawing[2] = view.filmAt(x, y);
        view.refresh();
      }
    }
    if (!down.has(event.pointerId)) return;
    const before = touched();
    down.set(event.pointerId, [x, y]);
    const now = touched();
    const [acrossBy, downBy] = [now.x - before.x, now.y - before.y];
    if (down.size > 1) {
      if (before.spread) view.zoom(now.spread / before.spread, now.x, now.y);
      view.drag(acrossBy, downBy);
    } else if (button === 2 || event.shiftKey || view.settings.mode === "window") {
      view.changeWindow(downBy / 500, acrossBy / 250);
    } else if (measures()) {
      if (view.drawing?.length === 2) view.drawing[1] = view.filmAt(x, y);
      view.refresh();
    } else {
      view.drag(acrossBy, downBy);
    }
  });

  const up = (event) => {
    if (!down.delete(event.pointerId) || view.drawing?.length !== 2) return;
    // A click without a drag is no measurement. The second leg of an angle follows the pointer.
    const [from, to] = view.drawing;
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) * view.shown.place.zoom < 3) view.shown.marks.pop();
    else if (view.settings.mode === "angle") {
      view.drawing.push(to);
      return;
    }
    view.drawing = undefined;
    view.refresh();
  };
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", up);
  stage.addEventListener("pointerleave", () => {
    view.tellGrey();
    view.listeners.point(0);
  });
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("dblclick", () => view.run("fit"));
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!view.film) return;
      // Otherwise the wheel scrolls the page, also when the pointer passes over the image.
      if (!(event.ctrlKey || event.metaKey || stage.matches(":focus"))) return view.hint();
      event.preventDefault();
      view.zoom(2 ** (-Math.max(-200, Math.min(200, event.deltaY)) / 250), ...local(event));
    },
    { passive: false },
  );
}
