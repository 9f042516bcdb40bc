// What makes a page live: the socket's frames, messages on their way, the strip that tells the truth about the line, and
// the small behaviours of dialogs and keys. Loaded after htmx with hx-csp, hx-ws and hx-upsert, and after kept.js, which
// keeps what can't be sent yet over a reload.
(() => {
  "use strict";

  const DEAD_AFTER = 9_000; // two missed heartbeats and a little: the line is half open
  const RETRIES = [500, 1000, 2000, 4000, 5000];
  const TOO_SLOW = 9_000; // one try of one request
  const LOOKED_AT = 3; // seconds in sight of a page in front
  const WARN_BEFORE = 120_000; // before an idle session ends
  const FIELDS = "input, textarea, select, [contenteditable]";
  const ITEMS = ":scope > [data-number]"; // a list's messages, without the days between them

  let connection = null; // hx-ws's own record of the socket
  let since = null; // the newest bookmark this page is drained to
  let said = null; // the regions named in the last hello
  let arriving = null; // the frame hx-ws is working on; it takes them one at a time
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
  const isUp = () => connection?.socket?.readyState === WebSocket.OPEN;
  const word = (name, n) => (byId("words")?.dataset[name] ?? "").replace("{n}", n);

  const parse = (text) => new DOMParser().parseFromString(text, "text/html");

  function toast(text) {
    const made = element("p", "toast", text);
    byId("toasts")?.append(made);
    setTimeout(() => made.remove(), 8000);
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

  // Every request of this file goes through here, so each answer may move the idle end.
  async function ask(url, fields, how = {}) {
    const body = fields && (fields instanceof FormData ? fields : new URLSearchParams(fields));
    const headers = { "HX-Request": "true", Accept: "text/html" };
    const signal = AbortSignal.timeout(TOO_SLOW);
    const answer = await fetch(url, { method: body ? "POST" : "GET", body, headers, credentials: "same-origin", signal, ...how });
    moveIdleEnd(answer.headers);
    // A redirect to sign-in would be followed silently and look like success.
    if (answer.status === 401 || answer.redirected) empty("ended");
    return answer;
  }

  // ---- The socket

  const showing = () => [...new Set(all("[data-region]").map((region) => region.dataset.region))].sort();

  function hello(from) {
    if (!isUp() || over) return;
    said = showing();
    const cursors = Object.fromEntries(all("[data-cursor]").map((list) => [list.dataset.region, Number(list.dataset.cursor)]));
    const looks = Object.fromEntries(all("[data-look]").map((region) => [region.dataset.region, region.dataset.look]));
    connection.socket.send(JSON.stringify({ hello: { since: from, showing: said, cursors, looks } }));
  }

  function greet() {
    heard = Date.now();
    answered = false;
    hello(since);
    sendAllNow();
  }

  // hx-ws knows no "come back in n ms", and a half-open socket's own close event can be long in
  // coming. So hx-ws is told of the close at once, and stops listening to the old socket.
  function redial(delay) {
    const { config, socket, abortController } = connection;
    const usual = { ...config };
    Object.assign(config, { reconnectDelay: delay, reconnectMaxDelay: delay });
    connection.attempt = 0;
    socket.dispatchEvent(new CloseEvent("close", { code: 1012 }));
    Object.assign(config, usual);
    abortController.abort();
    socket.close();
  }

  function readFrame(data) {
    try {
      const frame = JSON.parse(data);
      return frame && typeof frame === "object" && !("payload" in frame) ? frame : null;
    } catch {
      return null;
    }
  }

  const hasPlace = (frame) => /^#[^\s,]+$/.test(frame.target ?? "") && byId(frame.target.slice(1));
  const isOld = (note) => note.version < versions.get(note.region);

  function beforeFrame(event) {
    heard = Date.now();
    if (!answered) [answered, downSince] = [true, 0];
    arriving = readFrame(event.detail.message.data);
    if (!arriving || over) return event.preventDefault();
    if (arriving.writing !== undefined) {
      showWriting(arriving);
      return event.preventDefault();
    }
    if (arriving.reconnect !== undefined) redial(Number(arriving.reconnect));
    // What names no place in this page is dropped: hx-ws would swap it into the body.
    if (arriving.content !== undefined && (!hasPlace(arriving) || isOld(arriving))) {
      event.preventDefault();
      afterFrame();
    }
  }

  // Only here do the bookmark and a list's cursor move: after the swap, and never by the answer
  // to a POST, which says nothing about the messages of others before it.
  function afterFrame() {
    if (arriving.since) since = arriving.since;
    for (const list of all("[data-cursor]")) {
      if (list.dataset.region === arriving.region) list.dataset.cursor = Math.max(list.dataset.cursor, arriving.cursor ?? 0);
    }
    arriving = null;
  }

  function onClose({ detail: { code } }) {
    if (code === 4401) return empty("ended");
    if (code === 4403) return empty("gone");
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
    if (!strip || over || state === drawn || !document.body.hasAttribute("hx-ws:connect")) return;
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
    const pushed = arriving && ctx.text === arriving.content;
    const note = ctx.portal ?? (pushed ? { ...arriving, pushed } : noteFrom(ctx.response?.headers));
    if (over || isOld(note)) return event.preventDefault();
    finishing.set(ctx, [...tasks].map((task) => prepare(task, note, tasks)));
  }

  function afterSwap({ detail: { ctx } }) {
    finishing.get(ctx)?.forEach((finish) => finish());
    settle(begun.get(ctx) ?? ctx.portal?.since ?? since);
  }

  function settle(from) {
    dress();
    for (const list of outbox.keys()) keepOutbox(list);
    takeOffWhatEnded();
    letGoOfTakenBack();
    takeDrafts();
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
        tasks.push(morphOf(shown, item, task)); // upsert would replace it, and lose focus and selection
      }
      else fresh.push(item);
    }
    const news = note.pushed ? fresh.filter((item) => !item.matches(".own")) : [];
    news.forEach(arrive);
    if (note.pushed) hideTwin(list, fresh);
    return () => {
      forgetWriters(list, news);
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
    const spot = byId("announce");
    if (!spot || !items.length) return;
    const said = [".from b", ".bubble"].map((part) => flat(items[0].querySelector(part))).filter(Boolean).join(": ");
    spot.textContent = items.length === 1 ? said : word("newMany", items.length);
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
    log.prepend(button("chip", toNewest, icon("arrow-down"), word(n === 1 ? "newOne" : "newMany", n))); // first is lowest here
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

  // ---- Who is writing. It is said while it goes on, and forgotten when nothing more is heard of it.

  const SAY_EVERY = 3000;
  const FORGET_AFTER = 6000;
  const writers = new Map(); // region key -> Map of name -> when it is forgotten
  let saidWriting = 0;

  function sayWriting(form) {
    const list = byId(form.dataset.list);
    if (!list || !isUp() || Date.now() - saidWriting < SAY_EVERY || !form.elements.body.value.trim()) return;
    saidWriting = Date.now();
    connection.socket.send(JSON.stringify({ writing: list.dataset.region }));
  }

  function showWriting({ region, writing }) {
    if (!writers.has(region)) writers.set(region, new Map());
    writers.get(region).set(writing, Date.now() + FORGET_AFTER);
    drawWriters(region);
  }

  function drawWriters(region) {
    const list = all("[data-cursor]").find((one) => one.dataset.region === region);
    const known = writers.get(region);
    for (const [name, until] of known) if (until <= Date.now()) known.delete(name);
    const log = list?.closest(".log");
    const shown = log?.querySelector(".writing");
    const [one, two, ...more] = known.keys();
    const text = !one ? "" : word(more.length ? "writesMany" : two ? "writesTwo" : "writesOne").replace("{one}", one).replace("{two}", two);
    if (!log || (shown?.textContent ?? "") === text) return;
    const keepPlace = holdPlace(log);
    shown?.remove();
    if (text) (outbox.get(list.id)?.place.isConnected ? outbox.get(list.id).place : list).after(element("p", "writing", icon("pencil"), text));
    keepPlace();
  }

  function forgetWriters(list, items) {
    const known = writers.get(list.dataset.region);
    for (const item of items) known?.delete(flat(item.querySelector(".from b")));
    if (known) drawWriters(list.dataset.region);
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

  // ---- One message: what may be done with it is fetched when it is asked for; an answer to it is begun in the composer

  async function openMessage(link) {
    if (document.querySelector("dialog[open]")) return;
    const answer = await ask(link.href).catch(() => null);
    if (!answer?.ok) return toast(word("noAnswer"));
    const dialog = parse(await answer.text()).querySelector("dialog");
    if (!dialog || over || document.querySelector("dialog[open]")) return;
    byId(dialog.id)?.remove();
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (!document.activeElement || document.activeElement === document.body) byId(link.closest("li")?.id)?.focus();
    });
    dialog.showModal();
  }

  function startReply(link) {
    const form = document.querySelector("form[data-composer]");
    const item = byId(`message-${link.dataset.reply}`);
    if (!form || !item) return location.assign(link.href);
    link.closest("dialog")?.close();
    const own = item.matches(".own");
    answering(form, { id: link.dataset.reply, name: flat(item.querySelector(own ? ":scope > .sr" : ".from b")), text: flat(item.querySelector(".bubble")).slice(0, 120) });
    form.elements.body.focus();
  }

  function replyOf(form) {
    const place = form.querySelector("[data-answering]");
    if (!form.elements.reply_to?.value) return null;
    return { id: form.elements.reply_to.value, name: flat(place.querySelector("[data-name]")), text: flat(place.querySelector("[data-text]")) };
  }

  function answering(form, to) {
    const place = form.querySelector("[data-answering]");
    if (!place) return;
    place.hidden = !to;
    form.elements.reply_to.value = to?.id ?? "";
    place.querySelector("[data-name]").textContent = to?.name ?? "";
    place.querySelector("[data-text]").textContent = to?.text ?? "";
  }

  function unreply(button) {
    answering(button.form, null);
    button.form.elements.body.focus();
  }

  // What was withdrawn is in sight no more, nor where somebody has begun to answer it or looks at it closely.
  function letGoOfTakenBack() {
    const isTakenBack = (id) => id && byId(`message-${id}`)?.querySelector(".taken-back");
    for (const form of all("form[data-composer]")) if (isTakenBack(form.elements.reply_to?.value)) answering(form, null);
    for (const link of all("dialog[open] [data-reply]")) if (isTakenBack(link.dataset.reply)) link.closest("dialog").close();
  }

  // A message that is not in this page is on another, where the link leads.
  function toMessage(link) {
    const item = byId(new URL(link.href).hash.slice(1));
    if (!item) return location.assign(link.href);
    item.scrollIntoView({ block: "center" });
    item.classList.add("arrives");
    fade(item.parentElement);
    item.focus({ preventScroll: true });
  }

  // ---- Drafts: kept as they are written, for this person's other pages and devices. What is being typed here is never
  // overwritten: a page takes over what another has kept only once all that was typed in it is kept too.

  const KEEP_AFTER = 1200;
  const TYPING = 3000; // this long after a key somebody may still be at it
  const drafts = new WeakMap(); // composer -> { known: what the server keeps, shown: what it was last told, … }

  const draftOf = (form) => {
    const shown = form.querySelector("[data-draft]")?.dataset.draft ?? "";
    if (!drafts.has(form)) drafts.set(form, { known: shown, shown, touched: false, at: 0, timer: 0, busy: false });
    return drafts.get(form);
  };
  const isOnItsWay = (form) => Boolean(outbox.get(form.dataset.list)?.letters.some((one) => !one.refused));

  function noteTyping(form) {
    if (!form.dataset.keep) return;
    const draft = draftOf(form);
    draft.at = Date.now();
    draft.touched = form.elements.body.value !== draft.known;
    draft.stored = false;
    form.classList.toggle("unsaved", draft.touched);
    draft.timer ||= setTimeout(() => keepDraft(form), KEEP_AFTER);
  }

  // The server can't be reached: then this browser keeps it, and a page loaded later goes on with it.
  const storeOf = (form) => `draft ${new URL(form.dataset.keep, location.href).pathname}`;

  async function storeDraft(form, draft) {
    const body = form.elements.body.value;
    const stored = await kept.put(storeOf(form), { draft: true, body, known: draft.known, reply: replyOf(form) });
    draft.stored = stored && form.elements.body.value === body;
  }

  function takeStored(form, { id, body, known, reply }) {
    const draft = draftOf(form);
    const field = form.elements.body;
    if (draft.touched) return;
    // What another page has written since is not lost either.
    field.value = field.value === known ? body : [field.value, body].filter(Boolean).join("\n\n");
    if (reply) answering(form, reply);
    noteTyping(form);
    // Until the server has it, it stays where it is.
    storeDraft(form, draft).then(() => (id !== storeOf(form) || !draft.touched) && kept.drop(id));
  }

  // Not sent while a message is on its way: with that the server drops what it keeps, and would drop this too.
  async function keepDraft(form, how) {
    const draft = draftOf(form);
    clearTimeout(draft.timer);
    draft.timer = 0;
    if (over || draft.busy || !draft.touched || !form.isConnected) return;
    if (isOnItsWay(form)) return storeDraft(form, draft);
    const body = form.elements.body.value;
    draft.busy = true;
    const answer = await ask(form.dataset.keep, { body, reply_to: form.elements.reply_to.value }, how).catch(() => null);
    draft.busy = false;
    if (answer && !answer.ok && answer.status < 500) return; // it will be said when it is sent
    if (answer?.ok) Object.assign(draft, { known: body, at: Date.now() });
    if (answer?.ok) kept.drop(storeOf(form));
    else await storeDraft(form, draft);
    draft.touched = form.elements.body.value !== draft.known;
    form.classList.toggle("unsaved", draft.touched);
    if (draft.touched) draft.timer ||= setTimeout(() => keepDraft(form), answer ? KEEP_AFTER : TOO_SLOW / 2);
  }

  function afterSending(form, { waited }) {
    if (!waited) {
      Object.assign(draftOf(form), { known: "", at: Date.now() }); // dropped by the server, with the message
      kept.drop(storeOf(form));
    }
    if (form.elements.body.value) noteTyping(form);
  }

  function takeDrafts() {
    for (const form of all("form[data-keep]")) {
      const kept = form.querySelector("[data-draft]")?.dataset;
      const draft = draftOf(form);
      if (!kept || kept.draft === draft.shown || draft.touched || draft.busy || Date.now() - draft.at < TYPING) continue;
      draft.shown = kept.draft;
      if (draft.known === draft.shown) continue;
      draft.known = form.elements.body.value = kept.draft;
      answering(form, kept.replyTo ? { id: kept.replyTo, name: kept.replyName, text: kept.replyText } : null);
    }
  }

  // ---- The composer and the messages on their way

  const outbox = new Map(); // list id -> { letters, place, busy, timer }; place is an <ol> of its own

  // Beside the list, not in it: a push that renders the list anew never touches what waits.
  function keepOutbox(list) {
    const { place } = outbox.get(list);
    if (byId(list)?.nextElementSibling !== place) byId(list)?.after(place);
  }

  function post(form, submitter) {
    const fields = new FormData(form, submitter);
    const body = String(fields.get("body") ?? "");
    if (!body.trim()) return form.elements.body.focus();
    if (!isUnderstood(form)) return;
    fields.set("key", crypto.randomUUID());
    const letter = write({ id: fields.get("key"), body, fields, form, url: form.action, list: form.dataset.list });
    storeLetter(letter);
    tell(letter, word("sending"));
    const { letters } = outbox.get(letter.list);
    if (letters.some((one) => one.tries && !one.refused)) allWait(letters);
    form.querySelector("[data-answer]").replaceChildren();
    form.elements.body.value = "";
    answering(form, null);
    if (form.elements.understood) form.elements.understood.checked = false; // said for this message alone
    draftOf(form).touched = false;
    form.elements.body.focus();
    sendNext(letter.list);
  }

  function write(given) {
    const state = element("p", "state");
    const bubble = element("li", "msg own pending", element("div", "bubble", ...paragraphs(given.body)), state);
    const letter = { tries: 0, refused: false, stored: false, ...given, state, bubble };
    const { list } = letter;
    if (!outbox.has(list)) outbox.set(list, { letters: [], place: element("ol", "pending"), busy: false, timer: 0 });
    keepOutbox(list);
    const box = outbox.get(list);
    box.letters.push(letter);
    box.place.append(bubble);
    if (box.place.closest(".log")) toEnd(box.place.closest(".log"));
    return letter;
  }

  // Before it is sent, so that it is kept whatever becomes of this page. Its key makes the server take it once.
  function storeLetter(letter) {
    const fields = [...letter.fields];
    if (fields.some(([, value]) => typeof value !== "string")) return; // a file
    const { id, url, list, body } = letter;
    letter.storing = kept.put(id, { url: new URL(url, location.href).pathname, list, body, fields });
    letter.storing.then((done) => (letter.stored = done));
  }

  const SENDS_ITSELF = 47 * 3600 * 1000; // an hour less than the server knows a key by

  // Written on a page that is no more: on its way again, here or, where its conversation isn't shown, unseen.
  async function takeUpStored() {
    for (const one of await kept.all()) {
      if (over) return;
      const known = [...outbox.values()].some((box) => box.letters.some(({ id }) => id === one.id));
      const form = all("form[data-keep]").find((form) => (one.draft ? storeOf(form) === one.id : form.dataset.list === one.list));
      const mayBeTwice = !one.draft && Date.now() - one.at > SENDS_ITSELF; // then somebody decides who reads it
      if (known || ((one.draft || mayBeTwice) && !form)) continue;
      if (one.draft || mayBeTwice) takeStored(form, one);
      else tell(write({ ...one, url: `${one.url}?waited`, waited: true, form, tries: 1, stored: true }), word("waiting"));
    }
    sendAllNow();
  }

  // While the office is closed one says first that one knows this isn't read now. The server asks too.
  function isUnderstood(form) {
    const box = form.elements.understood;
    if (!box?.checkVisibility() || box.checked) return true;
    form.querySelector("[data-answer]").replaceChildren(icon("circle-alert"), element("span", "", box.dataset.why));
    box.focus();
    return false;
  }

  function paragraphs(text) {
    const lines = (part) => part.split("\n").flatMap((line, i) => (i ? [element("br"), line] : [line]));
    return text.trim().replace(/\r\n?/g, "\n").split(/\n{2,}/).map((part) => element("p", "", ...lines(part)));
  }

  function tell(letter, text, ...buttons) {
    letter.state.className = letter.tries ? "state waiting" : "state";
    letter.state.replaceChildren(icon(letter.tries ? "clock" : "circle-dashed"), text, ...buttons);
  }

  // One at a time, so what was written first is read first.
  async function sendNext(list) {
    const box = outbox.get(list);
    const letter = box?.letters.find((one) => !one.refused);
    if (!letter || box.busy || over) return;
    clearTimeout(box.timer);
    box.busy = true;
    const wait = await deliver(letter).catch(() => RETRIES[Math.min(letter.tries, RETRIES.length - 1)]);
    box.busy = false;
    if (over) return;
    if (!wait) {
      const form = composerOf(letter);
      if (form?.dataset.keep) afterSending(form, letter);
      return sendNext(list);
    }
    letter.tries += 1;
    allWait(box.letters);
    box.timer = setTimeout(() => sendNext(list), wait);
  }

  // What was written after one that waits waits with it.
  function allWait(letters) {
    for (const letter of letters.filter((one) => !one.refused)) {
      letter.tries ||= 1;
      tell(letter, word("waiting"));
    }
  }

  // Resolves when there is an answer that ends it; rejects when the same letter, with its key, must be tried again.
  async function deliver(letter) {
    const multipart = letter.form?.enctype === "multipart/form-data";
    const answer = await ask(letter.url, multipart ? letter.fields : [...letter.fields]);
    const text = await answer.text();
    if (over) return;
    if (answer.status >= 500 || [408, 425, 429].includes(answer.status)) throw new Error("Try again.");
    if (answer.ok) await accept(letter, text, answer.headers);
    else if (answer.status === 403 && !text.trim()) empty("gone");
    else refuse(letter, text);
  }

  async function accept(letter, text, headers) {
    remove(letter);
    const target = byId(letter.list);
    const portal = { ...noteFrom(headers), mine: true };
    if (target) await htmx.swap({ sourceElement: document.body, target, swap: "upsert key:data-number", text, portal });
    else toast(word("keptSent"));
  }

  function remove(letter) {
    const { letters } = outbox.get(letter.list);
    letters.splice(letters.indexOf(letter), 1);
    letter.bubble.remove();
    Promise.resolve(letter.storing).then(() => kept.drop(letter.id));
  }

  function refuse(letter, text) {
    const reason = parse(text).body;
    const form = composerOf(letter);
    if (form && !form.elements.body.value) {
      form.querySelector("[data-answer]").replaceChildren(...(flat(reason) ? reason.childNodes : [word("refused")]));
      return putBack(letter);
    }
    letter.refused = true;
    letter.tries += 1;
    if (!form) toast(word("keptRefused"));
    letter.bubble.hidden = false;
    const again = button("btn plain", () => tryAgain(letter), word("tryAgain"));
    tell(letter, flat(reason) || word("refused"), again, button("btn plain", () => putBack(letter), word("putBack")));
  }

  function tryAgain(letter) {
    letter.refused = false;
    tell(letter, word("sending"));
    sendNext(letter.list);
  }

  const composerOf = ({ form, list }) => form?.isConnected ? form : document.querySelector(`form[data-composer][data-list="${CSS.escape(list)}"]`);

  function putBack(letter) {
    const field = composerOf(letter)?.elements.body;
    if (!field) return;
    field.value = [letter.body, field.value].filter(Boolean).join("\n\n");
    remove(letter);
    noteTyping(field.form);
    field.focus();
  }

  // The push may outrun the answer to the POST: the same words are then not shown twice.
  function hideTwin(list, items) {
    const bare = (node) => (node?.textContent ?? "").replace(/\s+/g, "");
    const letter = outbox.get(list.id)?.letters.find((one) => !one.refused);
    const same = (item) => item.matches(".own") && bare(item.querySelector(".bubble")) === bare(letter.bubble.firstChild);
    if (letter && items.some(same)) letter.bubble.hidden = true;
  }

  const sendAllNow = () => [...outbox.keys()].forEach(sendNext);
  // What this browser keeps goes with signing out, and with nothing else.
  const isSafe = ({ stored }) => stored && !signingOut;
  const isWritten = (form) => form.elements.body.value.trim() && (!form.dataset.keep || (draftOf(form).touched && !isSafe(draftOf(form))));
  const isUnsent = () => [...outbox.values()].some((box) => !box.letters.every(isSafe)) || all("form[data-composer]").some(isWritten);

  // ---- When the session or the access ends

  // Everything of the record leaves the page: what stays is the template's message.
  function empty(template) {
    if (over) return;
    over = true;
    clearInterval(ticking);
    if (template === "gone") forgetUnsent();
    outbox.clear();
    writers.clear();
    clearTimeout(connection?.timer);
    connection?.abortController?.abort();
    connection?.socket?.close();
    const message = byId(template);
    if (!message) return location.reload();
    document.title = message.dataset.title;
    document.body.replaceChildren(message.content.cloneNode(true));
    document.documentElement.removeAttribute("class"); // the profile's colour
    for (const { name } of [...document.body.attributes]) if (name !== "data-side") document.body.removeAttribute(name);
    document.querySelector("main")?.focus();
  }

  // What was written there and never sent goes with the right to write it.
  function forgetUnsent() {
    for (const { letters } of outbox.values()) letters.splice(0).forEach(({ id }) => kept.drop(id));
    all("form[data-keep]").forEach((form) => kept.drop(storeOf(form)));
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

  let leaving = false; // by the quick exit, which no question may hold up
  let signingOut = false;
  let before = ""; // the first of two keys, as in "g t"
  const MENUS = "details.who[open]";
  const ROWS = "[data-rows] > *, .work .row, .work tbody > tr, .work .thread-row";
  const KEYS = {
    "/": "[data-search]", n: '[data-new], a[href="/staff/clients/new"]',
    "g t": 'a[href="/staff/today"]', "g i": 'a[href="/staff/inbox"]', "g c": 'a[href="/staff/clients"]', "g n": "#bell",
    r: '.thread form[data-composer] [name="body"]',
  };
  const CLICKS = {
    "[data-opens]": openDialog,
    "[data-closes]": (closer) => closer.closest("dialog")?.close(),
    "[data-peek]": peek,
    "[data-stay]": (stayer) => stay(stayer.closest("dialog")),
    "[data-message]": openMessage,
    "[data-reply]": startReply,
    "[data-unreply]": unreply,
    "[data-to-message]": toMessage,
    "[data-older]": (link) => (delete link.dataset.failed, loadOlder(link)),
  };

  function openDialog(opener) {
    const dialog = byId(opener.dataset.opens);
    if (!dialog || dialog.open) return;
    dialog.addEventListener("close", () => opener.isConnected && opener.focus(), { once: true });
    dialog.showModal();
  }

  function peek(toggle) {
    const field = byId(toggle.dataset.peek);
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    toggle.setAttribute("aria-pressed", String(show));
    toggle.textContent = show ? toggle.dataset.hide ?? word("hide") : toggle.dataset.show ?? word("show");
  }

  function onClick(event) {
    for (const menu of all(MENUS)) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-leave], a.leave")) leaving = true;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const [selector, act] of Object.entries(CLICKS)) {
      const found = event.target.closest(selector);
      if (!found) continue;
      event.preventDefault();
      act(found);
    }
  }

  // On a desk Enter sends; on a touch keyboard it makes a new line, and Ctrl or Cmd with Enter sends.
  const onDesk = () => matchMedia("(hover: hover) and (pointer: fine)").matches;

  function onEnter(event) {
    const sends = event.ctrlKey || event.metaKey || (onDesk() && !event.shiftKey && !event.altKey);
    if (!sends || event.isComposing || !event.target.matches('[data-composer] [name="body"]')) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  }

  function onKey(event) {
    if (event.defaultPrevented) return;
    if (walkLog(event)) return event.preventDefault();
    if (event.key === "Enter") return onEnter(event);
    if (event.key === "Escape") return onEscape(event.target);
    const busy = event.target.matches(FIELDS) || document.querySelector("dialog[open]");
    if (busy || document.body.dataset.side !== "staff" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (onShortcut(event.key)) event.preventDefault();
  }

  function onEscape(target) {
    const menu = document.querySelector(MENUS);
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (target.matches(FIELDS) && !target.closest("dialog")) target.blur();
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
    if (onDesk()) all("[data-enter-hint]").forEach((hint) => (hint.hidden = false));
  }

  function tick() {
    if (isUp() && Date.now() - heard > DEAD_AFTER) {
      downSince ||= heard;
      redial(0);
    }
    drawLine();
    look();
    for (const region of writers.keys()) drawWriters(region);
    takeDrafts();
    watchIdle();
  }

  function begin() {
    const { since: bookmark, idleUntil: end, now } = document.body.dataset;
    since ??= bookmark ?? null;
    if (now) clockAhead = Date.now() - Number(now);
    if (end) moveIdleEnd(new Headers({ "Portal-Idle-Until": end }));
    dress();
    // Deferred scripts can be so late that htmx began without hx-ws, or connected before this file could hear of it.
    htmx.process(document.body);
    connection ??= document.body._htmx?.ws?.connection ?? null;
    if (isUp() && !said) greet();
    ticking = setInterval(tick, 1000);
    toAsked();
    watchOlder();
    markRead();
    takeUpStored();
  }

  const on = (name, act, target = document) => target.addEventListener(name, act);
  on("DOMContentLoaded", begin);
  on("htmx:ws:before:connection", (event) => {
    // hx-csp does not look at hx-ws attributes inside what is swapped in: the body's is the only socket.
    if (event.target !== document.body || over) return event.preventDefault();
    connection = event.detail.connection;
  });
  on("htmx:ws:after:connection", () => { since ??= document.body.dataset.since ?? null; greet(); });
  on("htmx:ws:before:message:outgoing", (event) => event.preventDefault());
  on("htmx:ws:before:message:incoming", beforeFrame);
  on("htmx:ws:after:message:incoming", afterFrame);
  on("htmx:ws:close", onClose);
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
  on("submit", ({ target }) => {
    signingOut = target.matches('[action="/sign-out"]');
    setTimeout(() => (signingOut = false), 2000); // they stayed
  });
  on("submit", (event) => {
    if (event.defaultPrevented || !event.target.matches("form[data-composer]")) return;
    event.preventDefault();
    post(event.target, event.submitter);
  });
  on("input", ({ target }) => target.matches("[data-composer] [name=body]") && (sayWriting(target.form), noteTyping(target.form)));
  on("pagehide", () => all("form[data-keep]").forEach((form) => keepDraft(form, { keepalive: true })), window);
  on("portal:leaving", ({ detail }) => detail.push(...all("form[data-keep]").map((form) => keepDraft(form))));
  on("portal:lost", forgetUnsent);
  on("click", onClick);
  on("keydown", onKey);
  on("focusin", lendStops);
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });
  on("visibilitychange", markRead);
  on("focus", markRead, window);
  on("message", hearTab, tabs);
  on("offline", () => { offlineSince = Date.now(); drawLine(); }, window);
  on("online", () => { drawLine(); sendAllNow(); }, window);
  on("beforeunload", (event) => { if (!over && !leaving && isUnsent()) event.preventDefault(); }, window);
  // Going back may show a page from before sign-out.
  on("pageshow", (event) => { if (event.persisted) location.reload(); }, window);
})();
