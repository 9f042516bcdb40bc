// What makes a page live: the socket's frames, messages on their way, the strip that tells the
// truth about the line, and the small behaviours of dialogs and keys. It needs htmx with hx-csp,
// hx-ws and hx-upsert before it, in plain (not deferred) scripts, so that it hears their first event.
// Nothing is stored: what is typed and not yet sent lives in this page's memory alone.
(() => {
  "use strict";

  const DEAD_AFTER = 12_000; // two missed heartbeats and a little: the line is half open
  const RETRIES = [500, 1000, 2000, 4000, 5000];
  const TOO_SLOW = 10_000; // one try of one request
  const WARN_BEFORE = 120_000; // before an idle session ends
  const FIELDS = "input, textarea, select, [contenteditable]";

  let connection = null; // hx-ws's own record of the socket
  let since = null; // the newest bookmark this page is drained to
  let said = null; // the regions named in the last hello
  let arriving = null; // the frame hx-ws is working on; it takes them one at a time
  let heard = 0;
  let downSince = Date.now();
  let offlineSince = 0;
  let over = false; // the page was emptied: session or access ended
  const versions = new Map(); // region key or item id -> newest version shown

  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const flat = (node) => (node?.textContent ?? "").replace(/\s+/g, " ").trim();
  const isUp = () => connection?.socket?.readyState === WebSocket.OPEN;
  const word = (name, n) => (byId("words")?.dataset[name] ?? "").replace("{n}", n);

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = svg.appendChild(document.createElementNS(svg.namespaceURI, "use"));
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${byId("words")?.dataset.icons}#${name}`);
    return svg;
  }

  // Every request of this file goes through here, so each answer may move the idle end.
  async function ask(url, fields) {
    const answer = await fetch(url, {
      method: fields ? "POST" : "GET",
      body: fields && (fields instanceof FormData ? fields : new URLSearchParams(fields)),
      headers: { "HX-Request": "true", Accept: "text/html" },
      credentials: "same-origin",
      signal: AbortSignal.timeout(TOO_SLOW),
    });
    moveIdleEnd(answer.headers);
    // A redirect to sign-in would be followed silently and look like success.
    if (answer.status === 401 || answer.redirected) empty("ended");
    return answer;
  }

  // ---- The socket ---------------------------------------------------------------------------

  function hello(from) {
    if (!isUp() || over) return;
    const cursors = {};
    for (const list of all("[data-cursor]")) cursors[list.dataset.region] = Number(list.dataset.cursor);
    said = showing();
    connection.socket.send(JSON.stringify({ hello: { since: from, showing: said, cursors } }));
  }

  const showing = () => [...new Set(all("[data-region]").map((region) => region.dataset.region))].sort();

  // What came into view by a request is as old as that request, so the catch-up starts there.
  function helloAgain(from) {
    if (said && String(said) !== String(showing())) hello(from);
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

  function hangUp() {
    if (!connection) return;
    clearTimeout(connection.timer);
    connection.abortController?.abort();
    connection.socket?.close();
  }

  function readFrame(data) {
    try {
      const frame = JSON.parse(data);
      return frame && typeof frame === "object" && !("payload" in frame) ? frame : null;
    } catch {
      return null;
    }
  }

  // A frame that names no place in this page is dropped: hx-ws would swap it into the body.
  const hasPlace = (frame) => /^#[^\s,]+$/.test(frame.target ?? "") && byId(frame.target.slice(1));
  const isOld = (note) => note.version < versions.get(note.region);

  function beforeFrame(event) {
    heard = Date.now();
    arriving = readFrame(event.detail.message.data);
    if (!arriving || over) return event.preventDefault();
    if (arriving.reconnect !== undefined) redial(Number(arriving.reconnect));
    if (arriving.content !== undefined && (!hasPlace(arriving) || isOld(arriving))) {
      event.preventDefault();
      afterFrame();
    }
  }

  // Only here do the bookmark and a list's cursor move: after the swap, and never by the answer
  // to a POST, which says nothing about the messages of others before it.
  function afterFrame() {
    if (arriving.since) since = arriving.since;
    if (arriving.cursor !== undefined) {
      for (const list of all("[data-cursor]").filter((one) => one.dataset.region === arriving.region)) {
        list.dataset.cursor = Math.max(list.dataset.cursor, arriving.cursor);
      }
    }
    arriving = null;
  }

  document.addEventListener("htmx:ws:before:connection", (event) => {
    // hx-csp does not look at hx-ws attributes inside what is swapped in: the body's is the only socket.
    if (event.target !== document.body || over) event.preventDefault();
    else connection = event.detail.connection;
  });
  document.addEventListener("htmx:ws:before:message:outgoing", (event) => event.preventDefault());
  document.addEventListener("htmx:ws:before:message:incoming", beforeFrame);
  document.addEventListener("htmx:ws:after:message:incoming", afterFrame);
  document.addEventListener("htmx:ws:after:connection", () => {
    heard = Date.now();
    hello(since);
    drawLine();
    sendAllNow();
  });
  document.addEventListener("htmx:ws:close", (event) => {
    if (event.detail.code === 4401) return empty("ended");
    if (event.detail.code === 4403) return empty("gone");
    downSince = Date.now();
  });

  // ---- The strip ----------------------------------------------------------------------------

  let drawn = null;
  let backUntil = 0;

  function lineState() {
    // A frame heard since the browser said "offline" proves it wrong.
    if (!navigator.onLine && (!isUp() || heard <= offlineSince)) return "offline";
    if (!isUp()) return Date.now() - downSince > 2000 ? "reconnecting" : drawn === "back" ? null : drawn;
    if (drawn && drawn !== "back") backUntil = Date.now() + 3000;
    return Date.now() < backUntil ? "back" : null;
  }

  function drawLine() {
    const strip = byId("line");
    if (!strip || over || !document.body.hasAttribute("hx-ws:connect")) return;
    const state = lineState();
    if (state === drawn) return;
    drawn = state;
    strip.hidden = !state;
    if (!state) return;
    strip.className = { offline: "strip off", reconnecting: "strip", back: "strip well" }[state];
    const mark = { offline: "wifi-off", reconnecting: "refresh-cw", back: "check" }[state];
    strip.replaceChildren(icon(mark), word(state));
  }

  // ---- Swaps: nothing goes back in time, nothing moves under the reader ----------------------

  const begun = new WeakMap(); // htmx request -> the bookmark held when it started
  const finishing = new WeakMap(); // htmx request or frame -> what to do after its swap

  function noteOf(ctx) {
    if (ctx.portal) return ctx.portal;
    if (arriving && ctx.text === arriving.content) return { ...arriving, pushed: true };
    return noteFrom(ctx.response?.headers);
  }

  function noteFrom(headers) {
    const version = headers?.get("Portal-Version");
    return { region: headers?.get("Portal-Region"), version: version ? Number(version) : undefined };
  }

  function beforeSwap(event) {
    const { ctx, tasks } = event.detail;
    const note = noteOf(ctx);
    if (over || isOld(note)) return event.preventDefault();
    finishing.set(ctx, tasks.slice().map((task) => prepare(task, note, tasks)));
  }

  function prepare(task, note, tasks) {
    const target = typeof task.target === "string" ? document.querySelector(task.target) : task.target;
    if (!target) return () => {};
    const keepPlace = holdPlace(target.closest(".log"));
    all("[autofocus]", task.fragment).forEach((field) => field.removeAttribute("autofocus"));
    if (task.swapSpec.style === "upsert") return sift(task, target, note, tasks, keepPlace);
    if (task.swapSpec.style === "outerMorph") keepOpen(target, task.fragment);
    if (note.region && note.version !== undefined) versions.set(note.region, note.version);
    const rows = note.pushed ? all("li[id], tr[id], .row[id]", task.fragment).filter((row) => !byId(row.id)) : [];
    rows.filter((row) => !row.matches(".own")).forEach(glow);
    return () => keepPlace();
  }

  // What a reader has unfolded stays unfolded.
  function keepOpen(target, fragment) {
    for (const shown of all("details[open][id]", target)) {
      fragment.querySelector(`#${CSS.escape(shown.id)}`)?.setAttribute("open", "");
    }
  }

  // The items of a list carry a version each: the answer to my POST is newer than a message of
  // someone else's that is still under way, and must not make that one look old.
  function sift(task, list, note, tasks, keepPlace) {
    const numbered = all(":scope > [data-number]", list);
    const oldest = numbered.length && findOlder(list) ? Number(numbered[0].dataset.number) : 0;
    const days = [];
    const fresh = [];
    for (const item of [...task.fragment.children]) {
      const shown = byId(item.id);
      if (item.matches("[data-day]:not([data-number])")) {
        days.push([item, Number(item.nextElementSibling?.dataset.number)]);
        item.remove();
      } else if (note.version < versions.get(item.id)) {
        item.remove();
      } else {
        if (note.version !== undefined) versions.set(item.id, note.version);
        if (shown) tasks.push(morphOf(shown, item, task)); // upsert would replace it, and lose focus and selection
        else if (Number(item.dataset.number) < oldest) item.remove(); // not loaded yet
        else fresh.push(item);
      }
    }
    const news = note.pushed ? fresh.filter((item) => !item.matches(".own")) : [];
    news.forEach(glow);
    if (note.pushed) hideTwins(list, fresh);
    return () => {
      days.forEach(([day, number]) => placeDay(list, day, number));
      keepPlace(fresh.length > 0 && note.mine, news.length);
      if (list.closest(".log")) announce(news);
    };
  }

  function morphOf(shown, item, task) {
    const fragment = document.createDocumentFragment();
    fragment.append(item);
    return { ...task, fragment, target: shown, swapSpec: { style: "outerMorph" } };
  }

  function placeDay(list, day, number) {
    const already = all(":scope > [data-day]", list).some((one) => one.dataset.day === day.dataset.day);
    if (!already) list.insertBefore(day, [...list.children].find((item) => Number(item.dataset.number) >= number) ?? null);
  }

  function afterSwap(event) {
    const { ctx } = event.detail;
    for (const finish of finishing.get(ctx) ?? []) finish();
    settle(begun.get(ctx) ?? since);
  }

  function settle(from) {
    for (const list of outbox.keys()) keepOutbox(list);
    watchOlder();
    markRead();
    helloAgain(from);
  }

  function glow(item) {
    item.classList.add("arrives");
    setTimeout(() => (byId(item.id) ?? item).classList.remove("arrives"), 1000);
  }

  function announce(items) {
    const spot = byId("announce");
    if (!spot || !items.length) return;
    const [from, text] = [".from b", ".bubble"].map((part) => flat(items[0].querySelector(part)));
    spot.textContent = items.length === 1 ? [from, text].filter(Boolean).join(": ") : word("newMany", items.length);
  }

  // ---- The reader's place in a log -----------------------------------------------------------
  // The log is reversed (column-reverse), so its scroll is measured from the end: what joins at the
  // top moves nothing, what joins at the end would push the text one reads. Places are measured by
  // where things are on the screen, which is right for either direction.

  const unseen = new WeakMap(); // log -> new messages below the reader's place

  function isAtEnd(log) {
    return log.lastElementChild.getBoundingClientRect().bottom <= log.getBoundingClientRect().bottom + 32;
  }

  function toEnd(log) {
    log.scrollTop = log.scrollHeight; // clamped: the end in either direction
    unseen.delete(log);
    log.querySelector(":scope > .chip")?.remove();
  }

  function holdPlace(log) {
    if (!log) return () => {};
    const top = log.getBoundingClientRect().top;
    const atEnd = isAtEnd(log);
    const read = all("[data-number]", log).find((item) => item.getBoundingClientRect().bottom > top);
    const was = read?.getBoundingClientRect().top;
    return (mine = false, added = 0) => {
      if (atEnd || mine) return toEnd(log);
      if (added) showChip(log, added);
      if (read?.isConnected) log.scrollTop += read.getBoundingClientRect().top - was;
    };
  }

  function showChip(log, added) {
    const count = (unseen.get(log) ?? 0) + added;
    unseen.set(log, count);
    let chip = log.querySelector(":scope > .chip");
    if (!chip) {
      chip = element("button", "chip");
      chip.type = "button";
      chip.addEventListener("click", () => (toEnd(log), log.focus({ preventScroll: true })));
      log.prepend(chip); // first in a reversed box is the lowest: it sticks to the lower edge
    }
    chip.replaceChildren(icon("arrow-down"), word(count === 1 ? "newOne" : "newMany", count));
  }

  document.addEventListener("scroll", (event) => {
    const log = event.target;
    if (!log.matches?.(".log")) return;
    if (unseen.has(log) && isAtEnd(log)) toEnd(log);
    markRead();
  }, { capture: true, passive: true });

  // ---- Reading -------------------------------------------------------------------------------

  const read = new Map(); // list id -> the last number told to the server

  const composerOf = (list) => document.querySelector(`form[data-composer][data-list="${CSS.escape(list.id)}"]`);

  function markRead() {
    if (over || document.visibilityState !== "visible" || !document.hasFocus()) return;
    for (const list of all(".log [data-cursor]")) {
      const url = list.dataset.reading ?? composerOf(list)?.action.replace(/\/messages$/, "/reading");
      const newest = all(":scope > [data-number]:not(.own)", list).at(-1);
      const number = Number(newest?.dataset.number ?? 0);
      if (!url || number <= (read.get(list.id) ?? Number(list.dataset.read ?? 0))) continue;
      const place = newest.getBoundingClientRect();
      const view = list.closest(".log").getBoundingClientRect();
      if (place.bottom < view.top || place.bottom > view.bottom + 8) continue;
      read.set(list.id, number);
      ask(url, { number }).catch(() => read.delete(list.id)); // the next look tells it again
    }
  }

  // ---- Older messages ------------------------------------------------------------------------

  const findOlder = (list) => list.querySelector("[data-older]") ?? list.parentElement.querySelector("[data-older]");
  const inSight = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) if (isIntersecting) loadOlder(target);
  }, { rootMargin: "240px 0px 0px" });

  const watchOlder = () => all("[data-older]:not([data-failed])").forEach((link) => inSight.observe(link));

  async function loadOlder(link) {
    if (link.ariaBusy === "true") return;
    link.ariaBusy = "true";
    inSight.unobserve(link);
    try {
      const answer = await ask(link.href);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`Older messages were answered with ${answer.status}.`);
      if (link.isConnected && !over) showOlder(link, text, noteFrom(answer.headers));
    } catch {
      link.ariaBusy = "false";
      link.dataset.failed = "";
      link.textContent = word("olderFailed");
    }
  }

  function showOlder(link, text, note) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const list = link.closest("[data-cursor]") ?? link.parentElement.querySelector("[data-cursor]");
    const items = all("[data-number], [data-day]", page).filter((item) => !item.id || !byId(item.id));
    // Changed while this page was under way, and not shown, so the change was dropped: look again.
    if (items.some((item) => note.version < versions.get(item.id))) return (link.ariaBusy = "false"), loadOlder(link);
    const keepPlace = holdPlace(list.closest(".log"));
    const first = list.querySelector(":scope > [data-number], :scope > [data-day]");
    if (first?.matches("[data-day]") && items.some((item) => item.dataset.day === first.dataset.day)) {
      const next = first.nextElementSibling;
      first.remove();
      next.before(...items);
    } else if (first) first.before(...items);
    else list.append(...items);
    const hadFocus = link === document.activeElement;
    const next = page.querySelector("[data-older]");
    if (next) link.replaceWith(next);
    else (link.closest("li:not([data-number])") ?? link).remove();
    keepPlace();
    if (hadFocus) (next ?? list.closest(".log"))?.focus({ preventScroll: true });
    settle(since);
  }

  // ---- The composer and the messages on their way ---------------------------------------------

  const outbox = new Map(); // list id -> { letters, place (an <ol> of its own after the list), busy, timer }

  function outboxOf(list) {
    if (!outbox.has(list)) outbox.set(list, { letters: [], place: element("ol", "pending"), busy: false, timer: 0 });
    keepOutbox(list);
    return outbox.get(list);
  }

  // Beside the list, not in it: a push that renders the list anew never touches what waits.
  function keepOutbox(list) {
    const { place } = outbox.get(list);
    if (byId(list)?.nextElementSibling !== place) byId(list)?.after(place);
  }

  function post(form, submitter) {
    const fields = new FormData(form, submitter);
    const body = String(fields.get("body") ?? "");
    if (!body.trim()) return form.elements.body.focus();
    const key = crypto.randomUUID();
    fields.set("key", key);
    const letter = { key, body, fields, form, url: form.action, list: form.dataset.list, tries: 0, refused: false };
    const box = outboxOf(letter.list);
    letter.state = element("p", "state");
    letter.bubble = element("li", "msg own pending", element("div", "bubble", ...paragraphs(body)), letter.state);
    tell(letter, word("sending"));
    box.letters.push(letter);
    box.place.append(letter.bubble);
    const log = box.place.closest(".log");
    if (log) toEnd(log);
    answerSpot(form).replaceChildren();
    form.elements.body.value = "";
    form.elements.body.focus();
    sendNext(letter.list);
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
    const letter = box.letters.find((one) => !one.refused);
    if (!letter || box.busy || over) return;
    clearTimeout(box.timer);
    box.busy = true;
    const wait = await deliver(letter).catch(() => RETRIES[Math.min(letter.tries, RETRIES.length - 1)]);
    box.busy = false;
    if (over) return;
    if (wait === undefined) return sendNext(list);
    letter.tries += 1;
    tell(letter, word("waiting"));
    box.timer = setTimeout(() => sendNext(list), wait);
  }

  // Resolves when there is an answer that ends it; rejects when the same letter must be tried again.
  async function deliver(letter) {
    const multipart = letter.form.enctype === "multipart/form-data";
    const answer = await ask(letter.url, multipart ? letter.fields : [...letter.fields]);
    const text = await answer.text();
    if (over) return;
    if (answer.status >= 500 || [408, 425, 429].includes(answer.status)) throw new Error("Try again.");
    if (answer.ok) await accept(letter, text, answer.headers);
    else if (answer.status === 403 && !text.trim()) empty("gone");
    else refuse(letter, text);
  }

  async function accept(letter, text, headers) {
    const list = byId(letter.list);
    remove(letter);
    if (!list) return;
    const portal = { ...noteFrom(headers), mine: true };
    await htmx.swap({ sourceElement: document.body, target: list, swap: "upsert key:data-number", text, portal });
  }

  function remove(letter) {
    const { letters } = outbox.get(letter.list);
    letters.splice(letters.indexOf(letter), 1);
    letter.bubble.remove();
  }

  function refuse(letter, text) {
    const reason = new DOMParser().parseFromString(text, "text/html").body;
    if (letter.form.isConnected && !letter.form.elements.body.value) {
      answerSpot(letter.form).replaceChildren(...(flat(reason) ? reason.childNodes : [word("refused")]));
      return putBack(letter);
    }
    letter.refused = true;
    letter.tries += 1;
    letter.bubble.hidden = false;
    tell(letter, flat(reason) || word("refused"), button("tryAgain", () => {
      letter.refused = false;
      tell(letter, word("sending"));
      sendNext(letter.list);
    }), button("putBack", () => putBack(letter)));
  }

  function button(name, act) {
    const made = element("button", "btn plain", word(name));
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  function putBack(letter) {
    const field = (letter.form.isConnected ? letter.form : composerOf({ id: letter.list }))?.elements.body;
    if (!field) return;
    field.value = [letter.body, field.value].filter(Boolean).join("\n\n");
    remove(letter);
    field.focus();
  }

  function answerSpot(form) {
    return form.querySelector("[data-answer]") ?? form.insertBefore(Object.assign(element("div"), { role: "alert" }), form.querySelector(".box"));
  }

  // The push may outrun the answer to the POST: the same words are then not shown twice.
  function hideTwins(list, items) {
    const bare = (node) => (node?.textContent ?? "").replace(/\s+/g, "");
    const waiting = outbox.get(list.id)?.letters.find((letter) => !letter.refused);
    const twin = waiting && items.some((item) => item.matches(".own") && bare(item.querySelector(".bubble")) === bare(waiting.bubble.firstChild));
    if (twin) waiting.bubble.hidden = true;
  }

  const sendAllNow = () => [...outbox.keys()].forEach(sendNext);
  const isUnsent = () => [...outbox.values()].some((box) => box.letters.length) || all("form[data-composer] textarea").some((field) => field.value.trim());

  // ---- When the session or the access ends -----------------------------------------------------

  // Everything of the record leaves the page: what stays is the template's message.
  function empty(template) {
    if (over) return;
    over = true;
    clearInterval(ticking);
    hangUp();
    outbox.clear();
    const message = byId(template);
    if (!message) return location.reload();
    document.title = message.dataset.title ?? "Portal";
    document.body.replaceChildren(message.content.cloneNode(true));
    for (const { name } of [...document.body.attributes]) document.body.removeAttribute(name);
    const heading = document.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus();
  }

  let idleUntil = Infinity;
  let warnedFor = 0;
  let clockAhead = 0; // this clock less the server's: a wrong clock must not end a session
  const tabs = new BroadcastChannel("portal-idle"); // another tab's work keeps this one open too

  function moveIdleEnd(headers) {
    const end = Number(headers?.get("Portal-Idle-Until"));
    if (!end) return;
    idleUntil = end + clockAhead;
    tabs.postMessage({ side: document.body.dataset.side, end });
  }

  tabs.onmessage = ({ data }) => {
    if (data.side !== document.body.dataset.side) return;
    idleUntil = Math.max(idleUntil, data.end + clockAhead);
    if (idleUntil - Date.now() > WARN_BEFORE) byId("idle")?.close();
  };

  function watchIdle() {
    const left = idleUntil - Date.now();
    if (left <= 0) return empty("ended");
    const dialog = byId("idle");
    if (!dialog || left > WARN_BEFORE) return;
    if (warnedFor !== idleUntil) {
      warnedFor = idleUntil;
      if (!dialog.open) dialog.showModal();
    }
    const shown = dialog.querySelector("[data-left]");
    const seconds = Math.ceil(left / 1000);
    if (shown) shown.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  async function stay(dialog) {
    const answer = await ask("/session", {}).catch(() => null);
    if (answer?.ok) dialog.close();
  }

  // ---- Small behaviours --------------------------------------------------------------------------

  let leaving = false; // by the quick exit, which must not be held up by a question
  let prefix = ""; // the first of two keys, as in "g t"
  const KEYS = {
    "/": "[data-search], [type=search]", n: "[data-new]", "g t": '.rail a[href="/staff"], .rail a[href="/staff/today"]',
    "g i": '.rail a[href="/staff/inbox"]', "g c": '.rail a[href="/staff/clients"]',
  };

  function open(opener) {
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

  const CLICKS = {
    "[data-opens]": open,
    "[data-closes]": (closer) => closer.closest("dialog")?.close(),
    "[data-peek]": peek,
    "[data-stay]": (button) => stay(button.closest("dialog")),
    "[data-older]": (link) => { delete link.dataset.failed; loadOlder(link); },
  };

  function onClick(event) {
    for (const menu of all("details.who[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-leave], a.leave")) leaving = true;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const [selector, act] of Object.entries(CLICKS)) {
      const found = event.target.closest(selector);
      if (found) { event.preventDefault(); act(found); }
    }
  }

  // On a desk Enter sends; on a touch keyboard it makes a new line and Ctrl or Cmd with Enter sends.
  const onDesk = () => matchMedia("(hover: hover) and (pointer: fine)").matches;

  function onEnter(event) {
    const form = event.target.closest("form[data-composer]");
    const sends = event.ctrlKey || event.metaKey || (onDesk() && !event.shiftKey && !event.altKey);
    if (!form || event.target.name !== "body" || !sends || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  }

  function onKey(event) {
    if (event.defaultPrevented) return;
    if (event.key === "Enter") return onEnter(event);
    if (event.key === "Escape") return onEscape(event.target);
    if (document.body.dataset.side !== "staff" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches(FIELDS) || document.querySelector("dialog[open]")) return;
    if (onShortcut(event.key)) event.preventDefault();
  }

  function onEscape(target) {
    const menu = document.querySelector("details.who[open]");
    if (menu) { menu.open = false; menu.querySelector("summary")?.focus(); }
    else if (target.matches(FIELDS) && !target.closest("dialog")) target.blur();
  }

  function onShortcut(key) {
    const keys = prefix + key;
    prefix = key === "g" ? "g " : "";
    if (key === "j" || key === "k") return moveRow(key === "j" ? 1 : -1);
    if (key === "?" && byId("keys")) return byId("keys").showModal(), true;
    const aim = document.querySelector(`[data-keys="${CSS.escape(keys)}"]`) ?? (KEYS[keys] && document.querySelector(KEYS[keys]));
    if (!aim) return false;
    if (aim.matches(FIELDS)) aim.focus();
    else aim.click();
    return true;
  }

  // The cursor is the focus of the row's first link, so Enter opens it as ever.
  function moveRow(step) {
    const rows = all("[data-rows] > *").filter((row) => row.querySelector("a[href]"));
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const to = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
    rows.forEach((row) => row.classList.toggle("cursor", row === to));
    to?.querySelector("a[href]").focus();
    return Boolean(to);
  }

  // ---- Beginning ---------------------------------------------------------------------------------

  let ticking = 0;

  function tick() {
    if (isUp() && Date.now() - heard > DEAD_AFTER) redial(0);
    drawLine();
    watchIdle();
  }

  function begin() {
    const { idleUntil: end, now } = document.body.dataset;
    clockAhead = now ? Date.now() - Number(now) : 0;
    if (end) moveIdleEnd(new Headers({ "Portal-Idle-Until": end }));
    for (const log of all(".log")) {
      log.ariaLive = "off"; // #announce says a new message once; the log would read out history too
      log.style.overflowAnchor = "none"; // holdPlace does it, also where browsers don't
    }
    if (onDesk()) all("[data-enter-hint]").forEach((hint) => (hint.hidden = false));
    ticking = setInterval(tick, 1000);
    watchOlder();
    markRead();
  }

  // htmx connects on this event too, and was there first: the bookmark must be known by then.
  document.addEventListener("readystatechange", () => (since ??= document.body.dataset.since ?? null));
  document.addEventListener("DOMContentLoaded", begin);
  document.addEventListener("htmx:before:request", ({ detail }) => begun.set(detail.ctx, since));
  document.addEventListener("htmx:before:response", ({ detail }) => moveIdleEnd(detail.ctx.response.headers));
  document.addEventListener("htmx:before:response", (event) => {
    if (event.detail.ctx.response.status !== 401) return;
    event.preventDefault();
    empty("ended");
  });
  document.addEventListener("htmx:before:swap", beforeSwap);
  document.addEventListener("htmx:after:swap", afterSwap);
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-composer]") || event.defaultPrevented) return;
    event.preventDefault();
    post(event.target, event.submitter);
  });
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", markRead);
  addEventListener("focus", markRead);
  addEventListener("offline", () => { offlineSince = Date.now(); drawLine(); });
  addEventListener("online", () => { drawLine(); sendAllNow(); });
  addEventListener("beforeunload", (event) => { if (!over && !leaving && isUnsent()) event.preventDefault(); });
  // The browser may show a page from before sign-out when one goes back.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
