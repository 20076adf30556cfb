// Takes images that are dropped anywhere on the page, opens the file dialog of the hidden uploader, and redraws the page
// when the server is reached again.

(() => {
  if (window.secondLookStudy) return; // Streamlit may run this again; one set of listeners is enough
  window.secondLookStudy = true;

  const zone = () => document.querySelector(".st-key-intake [data-testid=stFileUploaderDropzone]");
  const hasFiles = (event) => Boolean(zone()) && [...(event.dataTransfer?.types ?? [])].includes("Files");
  const mark = (on) => document.body.classList.toggle("dropping", on);

  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault(); // or the browser opens the file in place of the app
      mark(true);
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false);
  });
  document.addEventListener("drop", (event) => {
    mark(false);
    if (!hasFiles(event) || zone().contains(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    const { dataTransfer } = event;
    zone().dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
  }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".st-key-study_bar_add button")) {
      document.querySelector(".st-key-intake input[type=file]")?.click();
    }
  });

  // A restarted server knows neither the session nor its fragments and ignores their widgets. A widget of the page makes
  // it draw the page again, which then says that the study is no longer in memory.
  let connected = true;
  setInterval(() => {
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testConnectionState;
    if (state === "CONNECTED" && !connected) document.querySelector(".st-key-study_reconnected button")?.click();
    connected = state === "CONNECTED";
  }, 500);
})();
