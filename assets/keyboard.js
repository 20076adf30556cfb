// Moves the focus out of a field after Enter, so that the next key is a shortcut.
// Streamlit keeps the focus in a field after Enter. It ignores shortcuts while a field has the focus.

(() => {
  if (window.secondLookKeyboard) return; // Streamlit may run this again; one listener is enough
  window.secondLookKeyboard = true;

  const FIELDS = ["stTextInput", "stNumberInput", "stSelectbox", "stDateInput", "stTimeInput"]
    .map((name) => `[data-testid=${name}] input`)
    .join(", ");

  const leave = () => {
    if (document.activeElement?.matches(FIELDS)) document.activeElement.blur();
  };

  // Streamlit handles the key first, at the root of the app, and submits the content.
  // While an input method composes a character, Enter only ends the composition.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) leave();
  });

  // Choosing an option with the mouse returns the focus to the field a moment later. The list is gone by then, so this
  // listens before the list does.
  document.addEventListener("pointerup", (event) => {
    if (event.target.closest?.("[role=option]")) setTimeout(leave, 100);
  }, true);
})();
