// Keys: the shortcuts of the staff's side, moving from row to row, and Escape. Menus close when one goes elsewhere. Every
// page works without it.
(() => {
  "use strict";

  const FIELDS = "input, textarea, select, [contenteditable]";
  const MENUS = "details.who[open]";
  const FINDER = "[data-finder]";
  const PANEL = "details.search-panel";
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
    if (walkFinder(event)) return event.preventDefault();
    if (event.key === "Escape") return onEscape(event.target);
    const busy = event.target.matches(FIELDS) || event.target.closest(FINDER) || document.querySelector("dialog[open]");
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
    const menu = !target.closest("dialog") && (document.querySelector(MENUS) ?? target.closest(`${PANEL}[open]`));
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
    const aim = aimOf(KEYS[keys] ?? `[data-key="${CSS.escape(keys)}"]`);
    if (aim?.matches(FIELDS)) aim.focus();
    else aim?.click();
    return Boolean(aim);
  }

  const rowOf = (one) => one.closest("[data-rows] > *");

  // What can be done with a row is done with the one that has the focus, and with none unless it has.
  function aimOf(selector) {
    return rowOf(document.activeElement)?.querySelector(selector) ?? all(selector).find((one) => !rowOf(one));
  }

  let cursor = -1; // where the keys last were: a row that left the list gives its place to the next

  const linkOf = (row) => (row.matches("a[href]") ? row : row.querySelector("a[href]"));
  const rowsIn = (root) => all(ROWS, root).filter((row) => linkOf(row) && !row.querySelector(ROWS));

  // The cursor is the focus of the row's first link, so Enter opens it as ever.
  function moveRow(step) {
    const rows = rowsIn(document);
    let at = rows.findIndex((row) => row.contains(document.activeElement));
    if (at < 0) at = rows.findIndex((row) => linkOf(row).matches("[aria-current]"));
    if (at < 0 && cursor >= 0) at = step > 0 ? cursor - 1 : cursor;
    cursor = Math.min(Math.max(at + step, 0), rows.length - 1);
    const to = rows[cursor];
    rows.forEach((row) => row.classList.toggle("cursor", row === to));
    if (to) linkOf(to).focus();
    return Boolean(to);
  }

  // ---- People offered below the field where one types a name: the arrows go from one to the next, Escape puts them away,
  // and whoever types goes on in the field

  function walkFinder({ key, target, ctrlKey, metaKey, altKey }) {
    const finder = target.closest(FINDER);
    if (!finder || ctrlKey || metaKey || altKey) return false;
    const list = finder.querySelector(".finds");
    const stops = [finder.querySelector("[name=q]"), ...(list.hidden ? [] : all("a", list))];
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const at = stops.indexOf(target);
    const puts = key === "Escape" && !finder.closest("dialog") && !list.hidden && live.flat(list);
    if (puts) list.hidden = true;
    if (step || puts || (at > 0 && key.length === 1)) stops[step ? Math.min(Math.max(at + step, 0), stops.length - 1) : 0].focus();
    return Boolean(step || puts);
  }

  // ---- The panel in which a conversation is searched: where one types when it opens, and from match to match

  const hits = () => all(`${PANEL} [data-hit]`);
  const hitAt = () => hits().findIndex((link) => link.href === location.href);

  function stepHit(step) {
    const at = hitAt();
    hits()[at < 0 ? 0 : Math.min(Math.max(at + step, 0), hits().length - 1)]?.click();
  }

  function showHitPlace() {
    const at = hitAt();
    for (const place of all("[data-hit-place]")) place.textContent = at < 0 ? "" : live.word("matchPlace", { n: at + 1, m: hits().length });
  }

  document.addEventListener("toggle", ({ target }) => {
    if (target.matches?.(`${PANEL}[open]`) && !target.querySelector("[data-hit]")) target.querySelector("[name=q]").focus();
  }, true);
  document.addEventListener("click", ({ target }) => {
    const step = target.closest("[data-step]");
    if (step) stepHit(Number(step.dataset.step));
    showHitPlace();
  });
  addEventListener("popstate", showHitPlace);
  showHitPlace();

  let last = null; // what had the focus, in which region, and in which of its rows

  function onFocus({ target }) {
    if (target.closest("#toasts, dialog")) return;
    const region = target.closest("[data-region]");
    const at = region ? rowsIn(region).findIndex((row) => (rowOf(row) ?? row).contains(target)) : -1;
    last = { target, region: region?.id, at };
  }

  // Whoever's row has left the list goes on with the one in its place, or at the head of the list; whoever's button has
  // gone, with the one beside it.
  function goOn() {
    if (document.activeElement !== document.body || !last || last.target.isConnected) return;
    const region = byId(last.region);
    if (!region) return;
    const rows = last.at < 0 ? [] : rowsIn(region);
    const next = rows.length ? linkOf(rows[Math.min(last.at, rows.length - 1)]) : region.querySelector(last.at < 0 ? "a[href], button" : "h2[tabindex]");
    next?.focus();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("focusin", onFocus);
  document.addEventListener("portal:settled", goOn);
  document.addEventListener("change", onSwitch);
  for (const box of all("[data-keys-switch]")) box.checked = !isOff;
  // A question that a menu opened gives the focus back to it.
  document.addEventListener("click", ({ target }) => {
    if (target.closest("dialog")) return;
    for (const menu of all(MENUS)) if (!menu.contains(target)) menu.open = false;
  });
})();
