// Keys: the shortcuts of the staff's side, moving from row to row, and Escape. Menus close when one goes elsewhere. Every
// page works without it.
(() => {
  "use strict";

  const FIELDS = "input, textarea, select, [contenteditable]";
  const MENUS = "details.who[open]";
  const ROWS = "[data-rows] > *, .work .row, .work tbody > tr, .work .thread-row";
  const KEYS = {
    "/": "[data-search]", n: '[data-new], a[href="/staff/clients/new"]',
    "g t": 'a[href="/staff/today"]', "g i": 'a[href="/staff/inbox"]', "g c": 'a[href="/staff/clients"]', "g n": "#bell",
    r: '.thread form[data-composer] [name="body"]',
  };
  const { all, byId } = live;
  let before = ""; // the first of two keys, as in "g t"

  function onKey(event) {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") return onEscape(event.target);
    const busy = event.target.matches(FIELDS) || document.querySelector("dialog[open]");
    if (busy || isOff || document.body.dataset.side !== "staff" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (onShortcut(event.key)) event.preventDefault();
  }

  // Whoever speaks to the computer, or rests a hand on the keys, can switch the shortcuts off on this device.
  const OFF = "keys-off";
  // Some private windows have no store: the choice then lasts as long as the page.
  const withStore = (act) => { try { act(localStorage); } catch { /* as it is */ } };
  let isOff = false;
  withStore((store) => (isOff = store.getItem(OFF) !== null));

  function onSwitch({ target }) {
    if (!target.matches("[data-keys-switch]")) return;
    isOff = !target.checked;
    withStore((store) => (isOff ? store.setItem(OFF, "") : store.removeItem(OFF)));
  }

  function onEscape(target) {
    const menu = !target.closest("dialog") && document.querySelector(MENUS);
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (target.matches(FIELDS) && !target.value && !target.closest("dialog")) target.blur(); // who has begun to write writes on
  }

  function onShortcut(key) {
    const keys = before + key;
    before = key === "g" ? "g " : "";
    if (key === "j" || key === "k") return moveRow(key === "j" ? 1 : -1);
    if (key === "?" && byId("keys")) return byId("keys").showModal(), true;
    const aim = document.querySelector(KEYS[keys] ?? `[data-key="${CSS.escape(keys)}"]`);
    if (aim?.matches(FIELDS)) aim.focus();
    else aim?.click();
    return Boolean(aim);
  }

  let cursor = -1; // where the keys last were: a row that left the list gives its place to the next

  // The cursor is the focus of the row's first link, so Enter opens it as ever.
  function moveRow(step) {
    const linkOf = (row) => (row.matches("a[href]") ? row : row.querySelector("a[href]"));
    const rows = all(ROWS).filter((row) => linkOf(row) && !row.querySelector(ROWS));
    let at = rows.findIndex((row) => row.contains(document.activeElement));
    if (at < 0) at = rows.findIndex((row) => linkOf(row).matches("[aria-current]"));
    if (at < 0 && cursor >= 0) at = step > 0 ? cursor - 1 : cursor;
    cursor = Math.min(Math.max(at + step, 0), rows.length - 1);
    const to = rows[cursor];
    rows.forEach((row) => row.classList.toggle("cursor", row === to));
    if (to) linkOf(to).focus();
    return Boolean(to);
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onSwitch);
  for (const box of all("[data-keys-switch]")) box.checked = !isOff;
  // A question that a menu opened gives the focus back to it.
  document.addEventListener("click", ({ target }) => {
    if (target.closest("dialog")) return;
    for (const menu of all(MENUS)) if (!menu.contains(target)) menu.open = false;
  });
})();
