// The panel: verdict of the study and of the open image, findings, reliability, next step, and the reader's opinion.

class Panel {
  /**
   * @param head the element for the verdicts, a live region.
   * @param body the element for everything else.
   * @param listeners {open(key), point(number), goTo(number), send(name, value)}.
   */
  constructor(head, body, listeners) {
    this.head = head;
    this.body = body;
    this.listeners = listeners;
    this.details = false;
  }

  /** Shows what the app sends about the study and the open image. */
  show(study, image) {
    const state = JSON.stringify([study, image]);
    if (state === this.state) return;
    this.state = state;
    this.head.replaceChildren(...this.studyBox(study, image), ...this.verdictBox(study, image));
    // A comment that is being written, and the focus, stay.
    const focused = this.body.getRootNode().activeElement?.dataset?.stay;
    const another = this.key !== image.key;
    this.key = image.key;
    this.findings = new Map();
    this.body.replaceChildren(...this.findingList(image), ...this.trust(image), ...this.reader(image, another));
    if (focused && !another) this.body.querySelector(`[data-stay="${focused}"]`)?.focus();
    if (another) this.body.scrollTop = 0;
  }

  studyBox(study, image) {
    if (!study) return [];
    const { open, send } = this.listeners;
    const bar = study.progress && [
      element("progress", { max: study.progress.total, value: study.progress.done, "aria-label": study.progress.text }),
      element("span", { class: "progress" }, study.progress.text),
    ];
    const button = (words, action) => element("button", { type: "button", class: "wide small", click: action }, words);
    return [
      element(
        "section",
        { class: `study ${study.tone}`, "data-testid": "study-verdict" },
        element("p", { class: "over" }, study.title),
        study.headline && element("h2", { class: "word" }, study.headline, element("span", { class: "share" }, study.share)),
        element("p", { class: "counts" }, study.counts),
        ...(bar || []),
        study.progress?.stop && button("Stop analysis", () => send("stop", true)),
        study.resume && button("Continue analysis", () => send("resume", true)),
        study.worst && study.worst !== image.key
          ? button("Open most suspicious", () => open(study.worst))
          : undefined,
      ),
    ];
  }

  verdictBox(study, image) {
    const title = study ? `Image ${image.number} of ${study.total}` : "";
    const scale = image.scale_marks && element(
      "div",
      {
        class: "scale",
        role: "img",
        "aria-label": `Probability ${image.share}; ${image.zones}`,
        style: `--low:${image.scale_marks.low};--high:${image.scale_marks.high};--at:${image.scale_marks.at}`,
      },
      element("div", { class: "strip" }),
      element("div", { class: "mark" }),
      ...image.scale_marks.ticks.map((tick) =>
        element("span", { class: `tick ${tick.anchor}`, style: `left:${tick.at}` }, tick.text),
      ),
    );
    return [
      element(
        "section",
        { class: `verdict ${image.tone}${study ? " part" : ""}` },
        element(
          "p",
          { class: "over" },
          title && element("b", {}, title),
          element("span", { "data-testid": "image-name", title: image.name }, image.name),
          image.view && element("span", { class: "view" }, image.view),
        ),
        image.headline && element(study ? "h3" : "h2", { class: "word", "data-testid": "verdict" }, image.headline),
        image.probability && element("p", { class: "number" }, `${image.probability}: `, element("b", {}, image.share)),
        scale,
        ...(image.reasons ?? []).map((reason) => element("p", { class: `gate ${image.refused ? "refuse" : ""}` }, reason)),
        image.error && element("p", { class: "gate refuse", role: "alert", "data-testid": "image-error" }, image.error),
        image.anyway &&
          element("button", { type: "button", class: "wide", click: () => this.listeners.send("anyway", image.key) }, "Show the answer anyway"),
        image.anyway && element("p", { class: "note-text" }, image.anyway),
      ),
    ];
  }

  findingList(image) {
    if (!image.findings_text) return [];
    const { point, goTo } = this.listeners;
    const rows = image.findings.map((finding, at) => {
      const number = at + 1;
      const button = element(
        "button",
        {
          type: "button",
          class: "finding",
          "data-stay": `finding ${number}`,
          pointerenter: () => point(number),
          pointerleave: () => point(0),
          focus: () => point(number),
          blur: () => point(0),
          click: () => goTo(number),
        },
        element("span", { class: `badge ${finding.definite ? "" : "possible"}` }, String(number)),
        element("span", {}, finding.text),
        element("b", {}, finding.share),
      );
      this.findings.set(number, button);
      return element("li", {}, button);
    });
    return [
      element(
        "section",
        { class: "findings" },
        element("h3", {}, "Findings"),
        rows.length ? element("ol", {}, ...rows) : element("p", {}, image.findings_text),
      ),
    ];
  }

  /** Highlights a finding in the list by its number; 0 for none. */
  highlight(number) {
    for (const [each, button] of this.findings ?? []) button.classList.toggle("active", each === number);
  }

  trust(image) {
    if (!image.trust) return [];
    const { send } = this.listeners;
    const regions = image.regions && element(
      "label",
      { class: "region" },
      "Body region",
      element(
        "select",
        { "data-stay": "region", change: (event) => send("region", { key: image.key, region: event.target.value }) },
        ...image.regions.map(([value, text]) => element("option", { value, selected: value === image.region }, text)),
      ),
    );
    const details = element(
      "details",
      { open: this.details, toggle: (event) => (this.details = event.target.open) },
      element("summary", { "data-stay": "details" }, "Details"),
      regions,
      ...image.details.map((text) => element("p", {}, text)),
      image.limits.length ? element("h4", {}, "Limitations of this model") : undefined,
      image.limits.length ? element("ul", {}, ...image.limits.map((text) => element("li", {}, text))) : undefined,
    );
    return [
      element(
        "section",
        { class: "trust" },
        element("h3", {}, "Reliability"),
        element("p", { "data-testid": "trust" }, image.trust),
        element("p", { class: "next", "data-testid": "next-step" }, image.next),
        details,
      ),
    ];
  }

  reader(image, another) {
    if (!image.reader) return [];
    const { send } = this.listeners;
    if (another) this.comment = image.reader.comment;
    const give = (mark) => send("reader", { key: image.key, mark, comment: this.comment });
    const buttons = image.reader.options.map(([mark, words]) => {
      const pressed = image.reader.mark === mark;
      return element(
        "button",
        {
          type: "button",
          class: "wide",
          "data-stay": `mark ${mark}`,
          "aria-pressed": String(pressed),
          click: () => give(pressed ? "" : mark),
        },
        words,
      );
    });
    return [
      element(
        "section",
        { class: "reader" },
        element("h3", {}, "Your opinion"),
        element("div", { class: "set", role: "group", "aria-label": "Your opinion on this verdict" }, ...buttons),
        element("textarea", {
          rows: "2",
          maxlength: "500",
          placeholder: "Comment for the report",
          "aria-label": "Comment",
          "data-stay": "comment",
          input: (event) => (this.comment = event.target.value),
          change: () => give(image.reader.mark),
        }),
      ),
    ];
  }
}
