// What makes a page live: the socket's frames, the strip that tells the truth about the line, the reader's place in what
// is shown, the end of a session, and dialogs. Loaded after htmx with hx-csp and hx-upsert, and after socket.js. It says
// what happens in events named portal:…; what the files after it ask of it in turn is what it gives as `live`.
window.live = (() => {
  "use strict";

  const DEAD_AFTER = 9_000; // two missed heartbeats and a little: the line is half open
  const TOO_SLOW = 9_000; // one try of one request
  const LOOKED_AT = 3; // seconds in sight of a page in front
  const WARN_BEFORE = 120_000; // before an idle session ends
  const ITEMS = ":scope > [data-number]"; // a list's messages, without the days between them

  let socket = null; // on a page that is live
  let since = null; // the newest bookmark this page is drained to
  let said = null; // the regions named in the last hello
  let heard = 0;
  let answered = false; // on this socket: one that is open may still be deaf
  let downSince = Date.now();
  let offlineSince = 0;
  let over = false; // the page was emptied: session or access ended
  const versions = new Map(); // region key or item id -> newest version shown

  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const flat = (node) => (node?.textContent ?? "").replace(/\s+/g, " ").trim();
  const numberOf = (item) => Number(item?.dataset.number ?? 0);
  const isUp = () => Boolean(socket?.isUp());
  const word = (name, filled = {}) => (byId("words")?.dataset[name] ?? "").replace(/\{(\w+)\}/g, (mark, key) => filled[key] ?? mark);

  const emit = (name, detail) => document.dispatchEvent(new CustomEvent(`portal:${name}`, { detail }));
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");

  // A word that passes. One with something to do in it stays longer, and as long as somebody is at it.
  function toast(text, ...acts) {
    const made = element("div", "toast", element("span", "", text), ...acts);
    const pass = () => (made.matches(":hover, :focus-within") ? setTimeout(pass, 1000) : made.remove());
    byId("toasts")?.append(made);
    setTimeout(pass, acts.length ? 20_000 : 8000);
  }

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function button(className, act, ...children) {
    const made = element("button", className, ...children);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    svg.appendChild(document.createElementNS(svg.namespaceURI, "use")).setAttribute("href", `${byId("words")?.dataset.icons}#${name}`);
    return svg;
  }

  // Every request of ours goes through here, so each answer may move the idle end.
  async function ask(url, fields, how = {}) {
    const body = fields && (fields instanceof FormData ? fields : new URLSearchParams(fields));
    const headers = { "HX-Request": "true", Accept: "text/html" };
    const signal = AbortSignal.timeout(TOO_SLOW);
    const answer = await fetch(url, { method: body ? "POST" : "GET", body, headers, credentials: "same-origin", signal, ...how });
    moveIdleEnd(answer.headers);
    // A redirect to sign-in is followed silently and looks like success.
    if (answer.status === 401 || new URL(answer.url).pathname === "/sign-in") empty("ended");
    return answer;
  }

  // ---- The socket

  const showing = () => [...new Set(all("[data-region]").map((region) => region.dataset.region))].sort();

  function hello(from) {
    if (!isUp() || over) return;
    said = showing();
    const cursors = Object.fromEntries(all("[data-cursor]").map((list) => [list.dataset.region, Number(list.dataset.cursor)]));
    const looks = Object.fromEntries(all("[data-look]").map((region) => [region.dataset.region, region.dataset.look]));
    send({ hello: { since: from, showing: said, cursors, looks } });
  }

  function greet() {
    heard = Date.now();
    answered = false;
    hello(since);
    emit("up");
  }

  const send = (frame) => socket.send(frame);
  const hasPlace = ({ target }) => /^#[^\s,]+$/.test(target) && byId(target.slice(1));
  const isOld = (note) => note.version < versions.get(note.region);

  async function take(frame) {
    heard = Date.now();
    if (!answered) [answered, downSince] = [true, 0];
    if (over) return;
    if (frame.writing !== undefined) return emit("writing", frame);
    if (frame.reconnect !== undefined) comeBack(frame.reconnect);
    if (frame.content !== undefined && hasPlace(frame)) await show(frame);
    // Only here do the bookmark and a list's cursor move: after the swap, and never by the answer
    // to a POST, which says nothing about the messages of others before it.
    if (frame.since) since = frame.since;
    for (const list of all("[data-cursor]")) {
      if (list.dataset.region === frame.region) list.dataset.cursor = Math.max(list.dataset.cursor, frame.cursor ?? 0);
    }
  }

  const show = ({ region, target, swap, content, version }) =>
    htmx.swap({ sourceElement: document.body, target, swap, text: content, portal: { region, version, pushed: true } });

  function comeBack(delay, from = Date.now()) {
    downSince ||= from;
    socket.redial(delay);
  }

  function onClose(code) {
    if (code === 4401) return empty("ended");
    if (code === 4403) return empty("gone");
    if (code === 4423) return empty("closed");
    downSince ||= Date.now();
  }

  // ---- The strip

  let drawn = null;
  let backUntil = 0;

  function lineState() {
    // A frame heard since the browser said "offline" proves it wrong.
    if (!navigator.onLine && (!isUp() || heard <= offlineSince)) return "offline";
    if (!isUp() || !answered) return Date.now() - downSince >= 2000 ? "reconnecting" : drawn === "back" ? null : drawn;
    if (drawn && drawn !== "back") backUntil = Date.now() + 3000;
    return Date.now() < backUntil ? "back" : null;
  }

  function drawLine() {
    const strip = byId("line");
    const state = lineState();
    if (!strip || over || state === drawn || !socket) return;
    drawn = state;
    strip.hidden = !state;
    if (!state) return;
    strip.className = { offline: "strip off", reconnecting: "strip", back: "strip well" }[state];
    strip.replaceChildren(icon({ offline: "wifi-off", reconnecting: "refresh-cw", back: "check" }[state]), word(state));
  }

  // ---- Swaps: nothing goes back in time, nothing moves under the reader

  const begun = new WeakMap(); // a request -> the bookmark held when it started
  const finishing = new WeakMap(); // a request or frame -> what to do after its swap

  function noteFrom(headers) {
    const version = headers?.get("Portal-Version");
    return { region: headers?.get("Portal-Region"), version: version ? Number(version) : undefined };
  }

  function beforeSwap(event) {
    const { ctx, tasks } = event.detail;
    const note = ctx.portal ?? noteFrom(ctx.response?.headers);
    if (over || isOld(note)) return event.preventDefault();
    finishing.set(ctx, [...tasks].map((task) => prepare(task, note, tasks)));
  }

  function afterSwap({ detail: { ctx } }) {
    finishing.get(ctx)?.forEach((finish) => finish());
    settle(begun.get(ctx) ?? ctx.portal?.since ?? since);
  }

  function settle(from) {
    dress();
    takeOffWhatEnded();
    if (spoken.size && ![...spoken].some(byId)) say("");
    emit("settled");
    watchOlder();
    markRead();
    // What came into view by a request is as old as that request, so the catch-up starts there.
    if (said && String(said) !== String(showing())) hello(from);
  }

  // What stands beside a region and is about the same goes with it: where one writes, an open dialog.
  function takeOffWhatEnded() {
    for (const { dataset } of all(".gone[data-region]")) all(`[data-with="${CSS.escape(dataset.region)}"]`).forEach((part) => part.remove());
  }

  function prepare(task, note, tasks) {
    const target = typeof task.target === "string" ? document.querySelector(task.target) : task.target;
    if (!target) return () => {};
    const keepPlace = holdPlace(target.closest(".log"));
    all("[autofocus]", task.fragment).forEach((field) => field.removeAttribute("autofocus"));
    if (task.swapSpec.style === "upsert") return sift(task, target, note, tasks, keepPlace);
    if (note.region && note.version !== undefined) versions.set(note.region, note.version);
    if ([...spoken].some((id) => target.contains(byId(id)))) say("");
    keepOpen(target, task.fragment);
    if (note.pushed) markNewRows(target, task.fragment);
    all("[id]", task.fragment).forEach((row) => notLookedAt.has(row.id) && row.classList.add("unseen"));
    return () => (keepPlace(), fade(target));
  }

  // What a reader has unfolded stays unfolded.
  function keepOpen(target, fragment) {
    for (const { id } of all("details[open][id], dialog[open][id]", target)) fragment.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  }

  // A row is new by its id, or by the time of what it tells.
  function markNewRows(target, fragment) {
    const rows = (root) => all("li[id], tr[id]", root).filter((row) => !row.matches(".own"));
    const name = (row) => `${row.id} ${row.querySelector("time")?.dateTime}`;
    const known = new Set(rows(target).map(name));
    rows(fragment).filter((row) => !known.has(name(row))).forEach(arrive);
  }

  // What arrived glows for a second, and keeps a mark until someone has had it before them for a while.
  const notLookedAt = new Map(); // row id -> the seconds it has been looked at

  function arrive(row) {
    row.classList.add("arrives", "unseen");
    notLookedAt.set(row.id, 0);
  }

  const fade = (root) => setTimeout(() => all(".arrives", root).forEach((item) => item.classList.remove("arrives")), 1000);

  function look() {
    const inFront = document.visibilityState === "visible" && document.hasFocus();
    for (const [id, seconds] of notLookedAt) {
      const row = byId(id);
      const { top, bottom } = row?.getBoundingClientRect() ?? {};
      if (inFront && bottom > 0 && top < innerHeight) notLookedAt.set(id, seconds + 1);
      if (row && seconds < LOOKED_AT) continue;
      notLookedAt.delete(id);
      row?.classList.remove("unseen");
    }
  }

  // The items of a list carry a version each: the answer to my POST is newer than a message of
  // someone else's that is still under way, and must not make that one look old.
  function sift(task, list, note, tasks, keepPlace) {
    const oldest = list.querySelector("[data-older]") ? numberOf(list.querySelector(ITEMS)) : 0;
    const fresh = [];
    const days = [];
    for (const item of [...task.fragment.children]) {
      if (item.matches(".day")) {
        days.push([item, numberOf(item.nextElementSibling)]);
        item.remove();
        continue;
      }
      const shown = byId(item.id);
      const late = note.version < versions.get(item.id) || (!shown && numberOf(item) < oldest); // or not loaded yet
      if (!late && note.version !== undefined) versions.set(item.id, note.version);
      if (late) item.remove();
      else if (shown) {
        if (notLookedAt.has(item.id)) item.classList.add("unseen");
        if (spoken.has(item.id)) say(""); // in other words by now, or taken back
        tasks.push(morphOf(shown, item, task)); // upsert would replace it, and lose focus and selection
      }
      else fresh.push(item);
    }
    const news = note.pushed ? fresh.filter((item) => !item.matches(".own")) : [];
    news.forEach(arrive);
    if (note.pushed) emit("arriving", { list, items: fresh });
    return () => {
      emit("arrived", { list, items: news });
      days.forEach(([day, number]) => placeDay(list, day, number));
      keepPlace(note.mine, news.length);
      fade(list);
      if (list.closest(".log")) announce(news);
    };
  }

  function placeDay(list, day, number) {
    const known = all(":scope > .day", list).some((one) => one.dataset.day === day.dataset.day);
    if (!known) list.insertBefore(day, all(ITEMS, list).find((item) => numberOf(item) >= number) ?? null);
  }

  function morphOf(shown, item, task) {
    const fragment = document.createDocumentFragment();
    fragment.append(item);
    return { ...task, fragment, target: shown, swapSpec: { style: "outerMorph" } };
  }

  function announce(items) {
    if (!items.length) return;
    const said = [".from b", ".bubble"].map((part) => flat(items[0].querySelector(part))).filter(Boolean).join(": ");
    say(items.length === 1 ? said : word("newMany", { n: items.length }), items.map(({ id }) => id));
  }

  // What a screen reader is told stands in the page unseen: for a while, and no longer than the page shows it itself.
  const SPOKEN_FOR = 15_000;
  let spoken = new Set(); // the messages whose words those are
  let silence = 0;

  function say(text, ids = []) {
    const spot = byId("announce");
    if (!spot) return;
    clearTimeout(silence);
    spoken = new Set(ids);
    spot.textContent = text;
    if (text) silence = setTimeout(say, SPOKEN_FOR, "");
  }

  // ---- The reader's place in a log
  // The log is reversed (column-reverse), so its scroll counts from the end: what joins at the top moves nothing, what
  // joins at the end would push the text one reads. Places are measured on the screen: right in either direction.

  const unseen = new WeakMap(); // log -> new messages below the reader's place
  const isAtEnd = (log) => log.lastElementChild.getBoundingClientRect().bottom <= log.getBoundingClientRect().bottom + 32;

  function toEnd(log) {
    log.scrollTop = log.scrollHeight; // clamped: the end in either direction
    unseen.delete(log);
    log.querySelector(":scope > .chip")?.remove();
  }

  function holdPlace(log) {
    if (!log) return () => {};
    const top = log.getBoundingClientRect().top;
    const atEnd = isAtEnd(log);
    const item = all("[data-number]", log).find((one) => one.getBoundingClientRect().bottom > top);
    const was = item?.getBoundingClientRect().top;
    return (mine = false, added = 0) => {
      if (atEnd || mine) return toEnd(log);
      if (added) showChip(log, added);
      if (item?.isConnected) log.scrollTop += item.getBoundingClientRect().top - was;
    };
  }

  function showChip(log, added) {
    const n = (unseen.get(log) ?? 0) + added;
    unseen.set(log, n);
    const toNewest = () => (toEnd(log), log.focus({ preventScroll: true }));
    log.querySelector(":scope > .chip")?.remove();
    log.prepend(button("chip", toNewest, icon("arrow-down"), word(n === 1 ? "newOne" : "newMany", { n }))); // first is lowest here
  }

  // A log is one stop of the Tab key. In it arrows, Home and End go from message to message; the one that has the focus
  // lends its own links to Tab, and Enter asks what may be done with it.
  function lendStops() {
    for (const item of all(".log :is([data-number], .older-row)")) {
      const isHere = item.contains(document.activeElement);
      all("a[href]", item).forEach((link) => (isHere ? link.removeAttribute("tabindex") : link.setAttribute("tabindex", "-1")));
      if (item === document.activeElement) item.setAttribute("aria-label", toHear(item));
      else item.removeAttribute("aria-label");
    }
  }

  const toHear = (item) => [...item.children].filter((part) => !part.matches(".acts")).map(flat).join(", ");

  function walkLog({ key, target, ctrlKey, metaKey, altKey, shiftKey }) {
    const log = target.closest(".log");
    if (!log || ctrlKey || metaKey || altKey || shiftKey) return false;
    const items = all("[data-older], [data-number]", log);
    const at = items.findIndex((item) => item.contains(target));
    if (key === "Enter") return target === items[at] && stepTo(target.querySelector("[data-message]"), "click");
    const { top, bottom } = log.getBoundingClientRect();
    const here = items[at]?.getBoundingClientRect();
    // What is taller than the log is scrolled through first.
    if (key === "ArrowUp" && here?.top < top - 1 && here.bottom > top) return false;
    if (key === "ArrowDown" && here?.bottom > bottom + 1 && here.top < bottom) return false;
    const newest = items.findLastIndex((item) => item.getBoundingClientRect().top < bottom); // in sight
    const [up, down] = at < 0 ? [newest, newest] : [at - 1, at + 1];
    return stepTo(items[{ Home: 0, End: items.length - 1, ArrowUp: up, ArrowDown: down }[key]], "focus");
  }

  function stepTo(item, act) {
    item?.[act]({ preventScroll: true });
    item?.scrollIntoView({ block: "nearest" });
    return Boolean(item);
  }

  function onScroll({ target: log }) {
    if (!log.matches?.(".log")) return;
    if (unseen.has(log) && isAtEnd(log)) toEnd(log);
    markRead();
  }

  // ---- Reading

  const read = new Map(); // list id -> the last number told to the server

  function markRead() {
    if (over || document.visibilityState !== "visible" || !document.hasFocus()) return;
    for (const list of all("[data-cursor][data-reading]")) {
      const newest = all(`${ITEMS}:not(.own)`, list).at(-1);
      const number = numberOf(newest);
      if (number <= (read.get(list.id) ?? 0)) continue;
      const { top, bottom } = (list.closest(".log") ?? list).getBoundingClientRect();
      const end = newest.getBoundingClientRect().bottom;
      if (end < top || end > bottom + 8) continue;
      read.set(list.id, number);
      // Not heard: the next look tells it again.
      ask(list.dataset.reading, { number }).catch(() => read.delete(list.id));
    }
  }

  // ---- Older messages

  const loading = new WeakSet();
  const watchOlder = () => all("[data-older]:not([data-failed])").forEach((link) => inSight.observe(link));
  const inSight = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) if (isIntersecting) loadOlder(target);
  });

  async function loadOlder(link) {
    if (loading.has(link)) return;
    loading.add(link);
    inSight.unobserve(link);
    try {
      const answer = await ask(link.href);
      if (!answer.ok) throw new Error(`Older messages were answered with ${answer.status}.`);
      const page = parse(await answer.text());
      if (link.isConnected) showOlder(link, page, noteFrom(answer.headers));
    } catch {
      loading.delete(link);
      link.dataset.failed = "";
      link.textContent = word("olderFailed");
    }
  }

  function showOlder(link, page, note) {
    const row = link.closest(".older-row");
    const items = all("[data-number], .day", page).filter((item) => !item.id || !byId(item.id));
    // An item changed while this page was under way; the change was dropped, for it was not shown. So look again.
    if (items.some((item) => note.version < versions.get(item.id))) throw new Error("The older page is out of date.");
    const keepPlace = holdPlace(row.closest(".log"));
    const hadFocus = link === document.activeElement;
    const day = row.nextElementSibling;
    if (items.some((item) => item.dataset.day && item.dataset.day === day?.dataset.day)) day.remove(); // it begins further up now
    row.after(...items);
    const next = page.querySelector(".older-row");
    if (next) row.replaceWith(next);
    else row.remove();
    keepPlace();
    settle(since);
    if (hadFocus) stepTo(items.findLast((item) => item.dataset.number), "focus");
  }

  // ---- A question of its own address: what may be done with a message, or [data-dialog], is a link to a page that asks,
  // and by script to a dialog

  async function openAsked(link) {
    if (link.getAttribute("aria-busy") === "true") return;
    link.setAttribute("aria-busy", "true");
    const answer = await ask(link.href).catch(() => null);
    link.removeAttribute("aria-busy");
    const dialog = answer?.ok && parse(await answer.text()).querySelector("dialog");
    if (!dialog) return toast(word("noAnswer"));
    if (over || document.querySelector("dialog[open]")) return;
    dialog.addEventListener("close", () => {
      dialog.remove();
      // The browser goes back to where the focus was, unless that was drawn anew meanwhile.
      if (document.activeElement === document.body) placeOf(link)?.focus();
    });
    dialog.dataset.asked = "";
    document.body.append(dialog);
    openDialog(dialog);
  }

  // What was written in a dialog outlives Escape: it is there again when the same question is opened.
  const unsaid = new Map(); // where a field is sent and its name -> its words

  function openDialog(dialog) {
    const placed = (field) => `${field.form?.action} ${field.name}`;
    const boxes = all("textarea", dialog);
    for (const box of boxes.filter((box) => unsaid.has(placed(box)))) {
      box.value = unsaid.get(placed(box));
      box.closest("details")?.setAttribute("open", "");
    }
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      for (const box of boxes) unsaid.delete(placed(box));
      const written = boxes.filter((box) => !dialog.returnValue && box.value.trim() && box.value !== box.defaultValue);
      for (const box of written) unsaid.set(placed(box), box.value);
      if (written.length) toast(word("begunKept"));
    }, { once: true });
    dialog.showModal();
  }

  const placeOf = (link) => {
    if (link.isConnected) return link;
    return link.dataset.key ? document.querySelector(`[data-key="${link.dataset.key}"]`) : byId(link.closest("li")?.id);
  };

  // A message that is not in this page is on another, where the link leads.
  function toMessage(link) {
    const item = byId(new URL(link.href).hash.slice(1));
    if (!item) return location.assign(link.href);
    if (link.matches("[data-hit]")) history.pushState(null, "", link.href); // so going back comes to what was found
    item.scrollIntoView({ block: "center" });
    item.classList.add("arrives");
    fade(item.parentElement);
    item.focus({ preventScroll: true });
  }

  // ---- When the session or the access ends

  // Everything of the record leaves the page: what stays is the template's message.
  function empty(template) {
    if (over) return;
    over = true;
    clearInterval(ticking);
    emit("emptied", template);
    socket?.end();
    const message = byId(template);
    if (!message) return location.reload();
    document.title = message.dataset.title;
    document.body.replaceChildren(message.content.cloneNode(true));
    // Signed in again, one goes on here, also where the inbox has opened another conversation meanwhile.
    const on = document.querySelector('a[href^="/sign-in?next="]');
    if (on) on.search = new URLSearchParams({ next: location.pathname });
    document.documentElement.removeAttribute("class"); // the profile's colour
    for (const { name } of [...document.body.attributes]) if (name !== "data-side") document.body.removeAttribute(name);
    document.querySelector("main")?.focus();
  }

  let idleUntil = 0; // by the server's clock, as are all idle ends; 0 where no session can end
  let warnedFor = 0;
  let clockAhead = 0; // this clock less the server's: a wrong clock must not end a session
  const tabs = new BroadcastChannel("portal-idle"); // work in another tab keeps this one open too

  function moveIdleEnd(headers) {
    const end = Number(headers.get("Portal-Idle-Until"));
    if (!end) return;
    idleUntil = Math.max(idleUntil, end);
    tabs.postMessage({ side: document.body.dataset.side, end });
  }

  function hearTab({ data: { side, end } }) {
    if (side !== document.body.dataset.side || !idleUntil) return;
    idleUntil = Math.max(idleUntil, end);
    if (idleUntil + clockAhead - Date.now() > WARN_BEFORE) byId("idle")?.close();
  }

  function watchIdle() {
    const left = idleUntil + clockAhead - Date.now();
    const dialog = byId("idle");
    if (!idleUntil || left > WARN_BEFORE) return;
    if (left <= 0) return empty("ended");
    if (dialog && !dialog.open && warnedFor !== idleUntil) dialog.showModal();
    warnedFor = idleUntil;
    const shown = dialog?.querySelector("[data-left]");
    const seconds = Math.ceil(left / 1000);
    if (shown) shown.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  async function stay(dialog) {
    const answer = await ask("/session", {}).catch(() => null);
    if (answer?.ok) dialog.close();
  }

  // ---- Small behaviours

  const CLICKS = {
    // The first two would be the browser's own by `command`, which no Safari before 26.2 knows.
    "[data-opens]": (opener) => byId(opener.dataset.opens)?.showModal(),
    "[data-closes]": (closer) => closer.closest("dialog")?.close("cancelled"),
    "[data-peek]": peek,
    "[data-stay]": (stayer) => stay(stayer.closest("dialog")),
    "[data-message], [data-dialog]": openAsked,
    "[data-to-message], [data-hit]": toMessage,
    "[data-older]": (link) => (delete link.dataset.failed, loadOlder(link)),
  };

  function peek(toggle) {
    const field = byId(toggle.dataset.peek);
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    toggle.setAttribute("aria-pressed", String(show));
    toggle.textContent = show ? toggle.dataset.hide ?? word("hide") : toggle.dataset.show ?? word("show");
  }

  function onClick(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const [selector, act] of Object.entries(CLICKS)) {
      const found = event.target.closest(selector);
      if (!found) continue;
      event.preventDefault();
      act(found);
    }
  }

  // ---- Beginning

  let ticking = 0;

  // Without a script the browser goes there by itself, but a reversed log does not follow it everywhere.
  function toAsked() {
    const asked = location.hash.startsWith("#message-") ? byId(location.hash.slice(1)) : null;
    asked?.scrollIntoView({ block: "center" });
  }

  function dress() {
    // #announce says a new message once; a log that speaks would read out history too.
    all(".log").forEach((log) => (log.setAttribute("aria-live", "off"), log.setAttribute("aria-describedby", "log-keys")));
    lendStops();
  }

  function tick() {
    if (isUp() && Date.now() - heard > DEAD_AFTER) comeBack(0, heard);
    drawLine();
    look();
    watchIdle();
  }

  function begin() {
    const { socket: address, since: bookmark, idleUntil: end, now } = document.body.dataset;
    since = bookmark ?? null;
    if (now) clockAhead = Date.now() - Number(now);
    if (end) moveIdleEnd(new Headers({ "Portal-Idle-Until": end }));
    dress();
    if (address) socket = openSocket(address, { open: greet, frame: take, close: onClose });
    ticking = setInterval(tick, 1000);
    toAsked();
    watchOlder();
    markRead();
  }

  const on = (name, act, target = document) => target.addEventListener(name, act);
  on("DOMContentLoaded", begin);
  on("htmx:before:request", ({ detail }) => begun.set(detail.ctx, since));
  on("htmx:before:response", (event) => {
    const { raw } = event.detail.ctx.response;
    moveIdleEnd(raw.headers);
    if (raw.status !== 401) return;
    event.preventDefault();
    empty("ended");
  });
  on("htmx:before:swap", beforeSwap);
  on("htmx:after:swap", afterSwap);
  on("click", onClick);
  on("keydown", (event) => { if (!event.defaultPrevented && walkLog(event)) event.preventDefault(); });
  on("focusin", lendStops);
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });
  on("visibilitychange", markRead);
  on("pagehide", () => socket?.end(), window);
  on("focus", markRead, window);
  on("message", hearTab, tabs);
  on("offline", () => { offlineSince = Date.now(); drawLine(); }, window);
  on("online", drawLine, window);
  // Going back may show a page from before sign-out.
  on("pageshow", (event) => { if (event.persisted) location.reload(); }, window);

  const page = { all, button, byId, element, flat, icon, parse, toast, word };
  return { ...page, ask, empty, holdPlace, isOver: () => over, isUp, noteFrom, openDialog, say, send, toEnd };
})();
