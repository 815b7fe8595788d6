/* What the pages do beyond the theme's scripts. Handlers do not stand in attributes,
   which the Content-Security-Policy of the pages forbids: buttons name an action. */

"use strict";

(() => {
  const actions = {
    "print": () => window.print(),
    "full-screen": () => window.toggleFullScreen(),
  };

  document.addEventListener("click", event => {
    const button = event.target.closest("[data-action]");
    if (button) actions[button.dataset.action]();
  });
})();
