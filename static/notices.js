// Notices that arrive on an open page come into sight for a while, each once; following one tells that it was seen.
(() => {
  "use strict";

  const LASTS = 8; // seconds in sight of somebody who is there
  const { all, byId } = live;
  const shown = new Map(); // toast -> { number, left }; one that says more than before stays anew

  // Where its conversation or the list of notices is before the reader, the notice would say nothing new.
  const isInSight = (toast) => byId("notices") || (toast.dataset.list && byId(toast.dataset.list) && document.hasFocus());

  function arrive() {
    for (const toast of all("[data-passing] > *")) {
      toast.classList.remove("arrives", "unseen");
      if (isInSight(toast)) toast.remove();
      else byId("toasts").append(toast);
    }
    for (const toast of all("#toasts > [data-number]")) {
      const { number } = toast.dataset;
      if (shown.get(toast)?.number !== number) shown.set(toast, { number, left: LASTS });
    }
  }

  function pass() {
    if (document.visibilityState !== "visible") return;
    for (const [toast, state] of shown) {
      if (!toast.isConnected) shown.delete(toast);
      else if (!toast.matches(":hover, :focus-within") && --state.left < 0) dismiss(toast);
    }
  }

  function dismiss(toast) {
    const hadFocus = toast.contains(document.activeElement);
    shown.delete(toast);
    toast.remove();
    if (hadFocus) byId("bell")?.focus();
  }

  // Outlives this page, which the link leaves. Not heard, the notice only stays new.
  function tellRead(link) {
    fetch(link.dataset.read, { method: "POST", headers: { "HX-Request": "true" }, credentials: "same-origin", keepalive: true }).catch(() => {});
  }

  function onClick({ target }) {
    const link = target.closest("a[data-read]");
    if (link) tellRead(link);
    if (target.closest("[data-dismiss]")) dismiss(target.closest(".toast"));
  }

  document.addEventListener("htmx:after:swap", arrive);
  document.addEventListener("click", onClick);
  document.addEventListener("auxclick", onClick);
  setInterval(pass, 1000);
})();
