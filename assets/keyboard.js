// Leaving a field after Enter, so that the next key is a shortcut of the page and no text in the field.
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

  // Streamlit handles the key first, at the root of the app, and takes the content over.
  // While an input method composes a character, Enter only ends the composition.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) leave();
  });

  // An option chosen with the mouse puts the focus back into the field a moment later. The list is then gone, so this
  // listens before the list does.
  document.addEventListener("pointerup", (event) => {
    if (event.target.closest?.("[role=option]")) setTimeout(leave, 100);
  }, true);
})();
