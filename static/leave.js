// A quick way out, by the door in the bar or the Shift key three times: nothing is left on the screen, this page is not
// in the history, and the session ends. It waits for no answer. Where this can't run, the door is the button of a form: signing out, it is shown the way.
(() => {
  "use strict";

  const TIMES = 3;
  const WITHIN = 2000; // milliseconds
  const door = document.getElementById("leave");
  if (!door) return;
  let pressed = [];

  function leave(event) {
    event.preventDefault();
    document.documentElement.hidden = true;
    // Outlives this page. Not heard, the session ends by itself as any other that is left alone.
    const body = new URLSearchParams({ leave: "yes" });
    fetch("/sign-out", { method: "POST", body, credentials: "same-origin", keepalive: true, redirect: "manual" }).catch(() => {});
    kept.wipe();
    location.replace(door.dataset.elsewhere);
  }

  function onKey(event) {
    if (event.repeat) return;
    pressed = event.key === "Shift" ? [...pressed, event.timeStamp].filter((at) => event.timeStamp - at < WITHIN) : [];
    if (pressed.length >= TIMES) leave(event);
  }

  door.addEventListener("click", leave);
  document.addEventListener("keydown", onKey);
})();
