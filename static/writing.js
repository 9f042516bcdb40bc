// Writing in a conversation: who is writing, the message that one answers, drafts, and messages on their way, which wait
// for the line. Loaded after live.js, and after kept.js, which keeps what can't be sent yet over a reload.
(() => {
  "use strict";

  const { all, ask, button, byId, element, flat, holdPlace, icon, isOver, isUp, noteFrom, parse, send, toEnd, toast, word } = live;

  // ---- Who is writing. It is said while it goes on, and forgotten when nothing more is heard of it.

  const SAY_EVERY = 3000;
  const FORGET_AFTER = 6000;
  const writers = new Map(); // region key -> Map of name -> when it is forgotten
  let saidWriting = 0;

  function sayWriting(form) {
    const list = byId(form.dataset.list);
    if (!list || !isUp() || Date.now() - saidWriting < SAY_EVERY || !form.elements.body.value.trim()) return;
    saidWriting = Date.now();
    send({ writing: list.dataset.region });
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
    const text = !one ? "" : word(more.length ? "writesMany" : two ? "writesTwo" : "writesOne", { one, two });
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

  // ---- Answering one message

  function startReply(link) {
    const form = document.querySelector("form[data-composer]");
    const item = byId(`message-${link.dataset.reply}`);
    if (!form || !item) return location.assign(link.href);
    link.closest("dialog")?.close();
    const own = item.matches(".own");
    answering(form, { id: link.dataset.reply, name: flat(item.querySelector(own ? ":scope > .sr" : ".from b")), text: textOf(item) });
    form.elements.body.focus();
  }

  const textOf = (item) => flat(item.querySelector(".bubble")).slice(0, 120);

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

  // What was withdrawn is in sight no more, nor where somebody has begun to answer it or looks at it closely; what was
  // said in other words is quoted in those.
  function letGoOfTakenBack() {
    const isTakenBack = (id) => id && byId(`message-${id}`)?.querySelector(".taken-back");
    for (const form of all("form[data-composer]")) {
      const reply = replyOf(form);
      const item = reply && byId(`message-${reply.id}`);
      if (isTakenBack(reply?.id)) answering(form, null);
      else if (item && !textOf(item).startsWith(reply.text.replace(/…$/, ""))) answering(form, { ...reply, text: textOf(item) });
    }
    for (const link of all("dialog[open] [data-reply]")) if (isTakenBack(link.dataset.reply)) link.closest("dialog").close();
  }

  // ---- Drafts: kept as they are written, for this person's other pages and devices. What is being typed here is never
  // overwritten: a page takes over what another has kept only once all that was typed in it is kept too. Nor does it
  // overwrite what another has kept: with its words it says on which version they were begun, in its field `draft`, and the
  // server sets aside what they would replace, for somebody to choose.

  const KEEP_AFTER = 1200;
  const TRY_AGAIN = 4500; // where the server was not reached
  const TYPING = 3000; // this long after a key somebody may still be at it
  const drafts = new WeakMap(); // composer -> { known: what the server keeps, shown: the version it was last told, … }

  const draftOf = (form) => {
    const { draft: known = "", version: shown = "" } = form.querySelector("[data-draft]")?.dataset ?? {};
    if (!drafts.has(form)) drafts.set(form, { known, shown, tried: null, touched: false, at: 0, timer: 0, busy: null });
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
    if (isOver() || draft.busy || !draft.touched || !form.isConnected) return;
    if (isOnItsWay(form)) return storeDraft(form, draft);
    const answer = await sendDraft(form, { body: form.elements.body.value }, how);
    if (answer && !answer.ok && answer.status < 500) return; // it will be said when it is sent
    if (answer?.ok) kept.drop(storeOf(form));
    else await storeDraft(form, draft);
    draft.touched = form.elements.body.value !== draft.known;
    form.classList.toggle("unsaved", draft.touched);
    if (draft.touched) draft.timer ||= setTimeout(() => keepDraft(form), answer ? KEEP_AFTER : TRY_AGAIN);
  }

  // Resolves with the answer, or null. Its version is the one that what is typed from now on was begun on.
  async function sendDraft(form, fields, how) {
    const draft = draftOf(form);
    const { reply_to: reply, draft: version } = form.elements;
    draft.tried = fields.body;
    draft.busy = ask(form.dataset.keep, { reply_to: reply.value, draft: version.value, ...fields }, how).catch(() => null);
    const answer = await draft.busy;
    draft.busy = null;
    if (!answer?.ok) return answer;
    version.value = answer.headers.get("Portal-Draft");
    Object.assign(draft, { known: fields.body, at: Date.now() });
    return answer;
  }

  async function chooseDraft(form, choice) {
    const draft = draftOf(form);
    await draft.busy;
    const answer = await sendDraft(form, { body: form.elements.body.value, choice });
    if (!answer?.ok) return toast(word("noAnswer"));
    if (choice === "other") Object.assign(draft, { known: null, tried: null, touched: false, at: 0 }); // it comes with the region
    form.elements.body.focus();
    takeDrafts();
  }

  function afterSending(form, { waited }) {
    if (!waited) {
      Object.assign(draftOf(form), { known: "", at: Date.now() }); // dropped by the server, with the message
      form.elements.draft.value = "";
      kept.drop(storeOf(form));
    }
    if (form.elements.body.value) noteTyping(form);
  }

  function takeDrafts() {
    for (const form of all("form[data-keep]")) {
      const kept = form.querySelector("[data-draft]")?.dataset;
      const draft = draftOf(form);
      if (!kept || kept.version === draft.shown || draft.busy) continue;
      if (kept.version && kept.version < form.elements.draft.value) continue; // their order is that of their making
      // The answer may have been lost, and the words have arrived: they are this page's own.
      if (kept.draft === draft.tried) form.elements.draft.value = kept.version;
      if (draft.touched || Date.now() - draft.at < TYPING) continue;
      draft.shown = form.elements.draft.value = kept.version;
      if (draft.known === kept.draft) continue;
      draft.known = form.elements.body.value = kept.draft;
      answering(form, kept.replyTo ? { id: kept.replyTo, name: kept.replyName, text: kept.replyText } : null);
    }
  }

  // ---- The composer and the messages on their way

  const RETRIES = [500, 1000, 2000, 4000, 5000];
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
    fields.set("seen", newestIn(form.dataset.list));
    const letter = write({ id: fields.get("key"), body, reply: replyOf(form), fields, form, url: form.action, list: form.dataset.list });
    letter.keeping = form.dataset.keep && draftOf(form).busy; // the draft that is being kept at this moment is this one
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

  // What its writer has before them: whatever comes before this is sent they have not seen, by this message.
  const newestIn = (list) => Math.max(0, ...itemsOf(list).map(numberOf));
  const itemsOf = (list) => (byId(list) ? all(":scope > [data-number]", byId(list)) : []);
  const numberOf = (item) => Number(item.dataset.number);

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
    const { id, url, list, body, reply, refused, ended } = letter;
    letter.storing = kept.put(id, { url: new URL(url, location.href).pathname, list, body, reply, refused, ended, fields });
    letter.storing.then((done) => (letter.stored = done));
  }

  // Nobody is told that something is kept before it is: they may leave the page at that word.
  const whenStored = (letter, act) => Promise.resolve(letter.storing).then(act);

  const SENDS_ITSELF = 47 * 3600 * 1000; // an hour less than the server knows a key by

  // Written on a page that is no more: on its way again, here or, where its conversation isn't shown, unseen.
  async function takeUpStored() {
    for (const one of await kept.all()) {
      if (isOver()) return;
      const known = [...outbox.values()].some((box) => box.letters.some(({ id }) => id === one.id));
      const form = all("form[data-keep]").find((form) => (one.draft ? storeOf(form) === one.id : form.dataset.list === one.list));
      const mayBeTwice = Date.now() - one.at > SENDS_ITSELF;
      if (one.ended && mayBeTwice) {
        await kept.drop(one.id);
        continue;
      }
      const isAsked = one.draft || one.refused || mayBeTwice; // then somebody decides who reads it
      if (known || (isAsked && !form)) continue;
      if (isAsked) {
        takeStored(form, one);
        continue;
      }
      tell(write({ ...one, url: `${one.url}?waited`, waited: true, form, tries: 1, stored: true }), word("waiting"));
      const { seen } = Object.fromEntries(one.fields);
      hideTwin(one.list, itemsOf(one.list).filter((item) => numberOf(item) > Number(seen)));
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
    if (!letter || box.busy || isOver()) return;
    clearTimeout(box.timer);
    box.busy = true;
    const wait = await deliver(letter).catch(() => RETRIES[Math.min(letter.tries, RETRIES.length - 1)]);
    box.busy = false;
    if (isOver()) return;
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

  const ENDED = [403, 404, 410]; // one may not write there, for now or for good

  // Resolves when there is an answer that ends it; rejects when the same letter, with its key, must be tried again.
  async function deliver(letter) {
    const version = (await letter.keeping)?.headers.get("Portal-Draft");
    if (version) letter.fields = withField(letter.fields, "draft", version);
    const multipart = letter.form?.enctype === "multipart/form-data";
    const answer = await ask(letter.url, multipart ? letter.fields : [...letter.fields]);
    const text = await answer.text();
    if (isOver()) return;
    if (answer.status >= 500 || [408, 425, 429].includes(answer.status)) throw new Error("Try again.");
    if (answer.ok) await accept(letter, text, answer.headers);
    else if (ENDED.includes(answer.status) && !composerOf(letter)) setAside(letter);
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
    whenStored(letter, () => kept.drop(letter.id));
  }

  // No page tries it again. The right to write there may only pause: until it is too old the words are kept, and are
  // there again when their conversation opens again.
  function setAside(letter) {
    Object.assign(letter, { refused: true, ended: true });
    storeLetter(letter);
    offerAgain(letter, word("refused"));
    whenStored(letter, () => toast(word("keptEnded")));
  }

  function refuse(letter, text) {
    const reason = parse(text).body;
    const form = composerOf(letter);
    if (form && !form.elements.body.value) {
      form.querySelector("[data-answer]").replaceChildren(...(flat(reason) ? reason.childNodes : [word("refused")]));
      return putBack(letter);
    }
    letter.refused = true;
    storeLetter(letter);
    if (!form) whenStored(letter, () => toast(word("keptRefused")));
    offerAgain(letter, flat(reason) || word("refused"));
  }

  function offerAgain(letter, why) {
    letter.tries += 1;
    letter.bubble.hidden = false;
    const again = button("btn plain", () => tryAgain(letter), word("tryAgain"));
    tell(letter, why, again, button("btn plain", () => putBack(letter), word("putBack")));
  }

  function tryAgain(letter) {
    const form = composerOf(letter);
    if (form && !isUnderstood(form)) return;
    const box = form?.elements.understood;
    if (box?.checked) {
      letter.fields = withField(letter.fields, box.name, box.value); // it may have been written while the office was open
      box.checked = false;
    }
    Object.assign(letter, { refused: false, ended: false });
    storeLetter(letter);
    tell(letter, word("sending"));
    sendNext(letter.list);
  }

  function withField(given, name, value) {
    const fields = new FormData();
    for (const [name, value] of given) fields.append(name, value);
    fields.set(name, value);
    return fields;
  }

  const composerOf = ({ form, list }) => form?.isConnected ? form : document.querySelector(`form[data-composer][data-list="${CSS.escape(list)}"]`);

  function putBack(letter) {
    const field = composerOf(letter)?.elements.body;
    if (!field) return;
    field.value = [letter.body, field.value].filter(Boolean).join("\n\n");
    if (letter.reply && !replyOf(field.form)) answering(field.form, letter.reply);
    remove(letter);
    noteTyping(field.form);
    field.focus();
  }

  // The push may outrun the answer to the POST, or the page be loaded anew before that: the same words are then not shown
  // twice. One at a time is on its way, so it is the first.
  function hideTwin(list, items) {
    const bare = (node) => (node?.textContent ?? "").replace(/\s+/g, "");
    const letter = outbox.get(list)?.letters.find((one) => !one.refused);
    const same = (item) => item.matches(".own") && bare(item.querySelector(".bubble")) === bare(letter.bubble.firstChild);
    if (letter && items.some(same)) letter.bubble.hidden = true;
  }

  const sendAllNow = () => [...outbox.keys()].forEach(sendNext);
  // What this browser keeps goes with signing out, and with nothing else.
  const isSafe = ({ stored }) => stored && !signingOut;
  const isWritten = (form) => form.elements.body.value.trim() && (!form.dataset.keep || (draftOf(form).touched && !isSafe(draftOf(form))));
  const isUnsent = () => [...outbox.values()].some((box) => !box.letters.every(isSafe)) || all("form[data-composer]").some(isWritten);

  // ---- Beginning and leaving

  let leaving = false; // by the quick exit, which no question may hold up
  let signingOut = false;

  // On a desk Enter sends; on a touch keyboard it makes a new line, and Ctrl or Cmd with Enter sends.
  const onDesk = () => matchMedia("(hover: hover) and (pointer: fine)").matches;

  function onEnter(event) {
    if (event.defaultPrevented || event.key !== "Enter") return;
    const sends = event.ctrlKey || event.metaKey || (onDesk() && !event.shiftKey && !event.altKey);
    // Safari has ended the composition when Enter confirms a candidate, and says so by this code alone.
    if (!sends || event.isComposing || event.keyCode === 229 || !event.target.matches('[data-composer] [name="body"]')) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  }

  function settle() {
    for (const list of outbox.keys()) keepOutbox(list);
    letGoOfTakenBack();
    takeDrafts();
    if (onDesk()) all("[data-enter-hint]").forEach((hint) => (hint.hidden = false));
  }

  function tick() {
    for (const region of writers.keys()) drawWriters(region);
    takeDrafts();
  }

  function end(template) {
    clearInterval(ticking);
    if (template === "gone") forgetUnsent();
    outbox.clear();
    writers.clear();
  }

  // What was written there and never sent goes with the right to write it; what waits for another conversation stays.
  function forgetUnsent() {
    for (const [list, { letters }] of outbox) if (byId(list)) letters.splice(0).forEach(({ id }) => kept.drop(id));
    all("form[data-keep]").forEach((form) => kept.drop(storeOf(form)));
  }

  function onClick(event) {
    if (event.target.closest("[data-leave], a.leave")) leaving = true;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const reply = event.target.closest("[data-reply]");
    const unreplied = event.target.closest("[data-unreply]");
    if (reply || unreplied) event.preventDefault();
    if (reply) startReply(reply);
    if (unreplied) unreply(unreplied);
  }

  const ticking = setInterval(tick, 1000);
  const on = (name, act, target = document) => target.addEventListener(name, act);
  on("DOMContentLoaded", () => { settle(); takeUpStored(); });
  on("portal:up", sendAllNow);
  on("portal:settled", settle);
  on("portal:arriving", ({ detail }) => hideTwin(detail.list.id, detail.items));
  on("portal:arrived", ({ detail }) => forgetWriters(detail.list, detail.items));
  on("portal:writing", ({ detail }) => showWriting(detail));
  on("portal:emptied", ({ detail }) => end(detail));
  on("portal:lost", forgetUnsent);
  on("portal:leaving", ({ detail }) => detail.push(...all("form[data-keep]").map((form) => keepDraft(form))));
  on("submit", ({ target }) => {
    signingOut = target.matches('[action="/sign-out"]');
    setTimeout(() => (signingOut = false), 2000); // they stayed
  });
  on("submit", (event) => {
    if (event.defaultPrevented || !event.target.matches("form[data-composer]")) return;
    event.preventDefault();
    if (event.submitter?.name === "choice") chooseDraft(event.target, event.submitter.value);
    else post(event.target, event.submitter);
  });
  on("input", ({ target }) => target.matches("[data-composer] [name=body]") && (sayWriting(target.form), noteTyping(target.form)));
  on("click", onClick);
  on("keydown", onEnter);
  on("online", sendAllNow, window);
  on("pagehide", () => all("form[data-keep]").forEach((form) => keepDraft(form, { keepalive: true })), window);
  on("beforeunload", (event) => { if (!isOver() && !leaving && isUnsent()) event.preventDefault(); }, window);
})();
