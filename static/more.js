// Small behaviours beside live.js: what waits for a moment, questions asked with the newest answers in them, a password's
// length in words, a letter shown before it is sent. Every page works without it.
(() => {
  "use strict";

  const { all, ask, byId, element, flat, openDialog, parse, say, toast, word } = live;

  // A link's secret leaves the address bar before anything else happens on the page.
  const shown = document.querySelector('meta[name="portal-replace"]');
  if (shown) history.replaceState(null, "", shown.content);

  // ---- What waits for a moment: [data-until] holds a button [data-when-due] and perhaps a [data-countdown].
  // The server sends the same words at any moment, so that a page kept open equals one loaded anew; the rest is here.

  const now = Number(document.body.dataset.now);
  const clockAhead = now ? Date.now() - now : 0; // this clock less the server's
  const told = new Map(); // a waiting thing's id and end -> seconds that were left when its state was last said

  function tick() {
    for (const place of all("[data-until]")) count(place, Math.ceil((Number(place.dataset.until) + clockAhead - Date.now()) / 1000));
  }

  function count(place, left) {
    const waiting = left > 0;
    const button = place.querySelector("[data-when-due]");
    const counter = place.querySelector("[data-countdown]");
    const why = place.querySelector("[data-until-then]");
    const text = waiting ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
    if (counter && counter.textContent !== text) counter.textContent = text;
    if (why) why.hidden = !waiting;
    if (!button) return;
    if (waiting) button.setAttribute("aria-disabled", "true");
    else ["aria-disabled", "aria-describedby"].forEach((name) => button.removeAttribute(name));
    button.classList.toggle("js-only", !waiting);
    tell(`${place.id} ${place.dataset.until}`, left, [...button.childNodes].filter((node) => node !== counter).map((node) => node.textContent).join("").trim());
  }

  // Said at the last minute and at the end, never each second.
  function tell(name, left, what) {
    const before = told.get(name);
    told.set(name, left);
    if (before > 60 && left <= 60 && left > 0) say(word("lastMinute", { what }));
    if (before > 0 && left <= 0) say(word("due", { what }));
  }

  // ---- Questions: [data-asks] opens a dialog, fetched anew from this same page, since the state beside it is live

  const askWhole = (href) => ask(href, null, { headers: { Accept: "text/html" } }); // the page, not a part of it

  async function openFresh(opener) {
    if (opener.getAttribute("aria-busy") === "true") return;
    opener.setAttribute("aria-busy", "true");
    const { id } = opener;
    const name = opener.dataset.asks;
    const fresh = await askWhole(location.href).then((answer) => (answer.ok && !answer.redirected ? answer.text() : ""), () => "");
    const questions = fresh && parse(fresh).getElementById("dialogs");
    (byId(id) ?? opener).removeAttribute("aria-busy");
    if (document.querySelector("dialog[open]")) return;
    if (questions) byId("dialogs")?.replaceWith(document.adoptNode(questions));
    const dialog = byId(name);
    if (!dialog) return questions ? location.reload() : toast(word("noAnswer"));
    // The button may have been drawn anew meanwhile, or be gone with the state it belonged to.
    dialog.addEventListener("close", () => (byId(id) ?? byId("main"))?.focus(), { once: true });
    openDialog(dialog);
    askedBy = id;
  }

  // Or it goes a moment later, when what was answered comes to the page.
  let askedBy = "";
  document.addEventListener("htmx:after:swap", () => {
    if (!askedBy || byId(askedBy) || document.activeElement !== document.body) return;
    askedBy = "";
    byId("main")?.focus();
  });

  // ---- Acts: a form [data-act] is posted without leaving the page; what it changed arrives as for everyone else

  async function act(form, submitter) {
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    submitter?.setAttribute("aria-busy", "true");
    const told = { ...form.dataset }; // the push may be here first, and change this form into another
    const place = form.querySelector("[data-answer]");
    place?.replaceChildren();
    try {
      const answer = await ask(form.action, new URLSearchParams(new FormData(form, submitter)));
      const onward = answer.headers.get("HX-Redirect");
      const text = await answer.text();
      if (onward) return location.assign(onward);
      if (!answer.ok) return refuse(place, parse(text).body);
      form.closest("dialog")?.close("done");
      sayDone(told);
      // Nothing will arrive while the line is down: then the page is loaded as without JavaScript.
      if (!byId("line")?.hidden) location.assign(answer.redirected ? answer.url : location.href);
    } catch {
      refuse(place, word("noAnswer"));
    } finally {
      form.removeAttribute("aria-busy");
      submitter?.removeAttribute("aria-busy");
    }
  }

  // What leaves the list at the touch of a key is said, with the way back: a button, and the key `u`.
  function sayDone({ said, undo }) {
    if (!said) return;
    byId("undo")?.closest(".toast").remove();
    if (!undo) return toast(said);
    const button = element("button", "btn", word("undo"), element("kbd", "", "u"));
    const form = element("form", "", button);
    Object.assign(button, { id: "undo" }).dataset.key = "u";
    Object.assign(form, { method: "post", action: undo }).dataset.said = word("undone");
    form.dataset.act = "";
    toast(said, form);
  }

  // The reason is the server's own fragment, or of a whole page its main part, or a sentence of ours.
  function refuse(place, reason) {
    const said = typeof reason === "string" ? null : reason.querySelector(".trouble, main") ?? reason;
    const text = (said ? flat(said) : reason) || word("noAnswer");
    if (!place) return toast(text);
    const made = element("div", "trouble", ...(said && flat(said) ? said.childNodes : [text]));
    made.setAttribute("role", "alert");
    place.replaceChildren(made);
  }

  // ---- In place: a link [data-in-place] changes what is inside [data-place], whose page it leads to, and leaves the
  // rest, the scroll and the line as they are

  let turn = 0;

  async function goInPlace(href, going = "pushState") {
    const place = document.querySelector("[data-place]");
    const mine = ++turn;
    place.setAttribute("aria-busy", "true");
    const leaving = new CustomEvent("portal:leaving", { detail: [] }); // writing.js puts in what must be kept first
    document.dispatchEvent(leaving);
    await Promise.all(leaving.detail);
    const answer = await askWhole(href).catch(() => null);
    const page = answer?.ok && !answer.redirected && parse(await answer.text());
    if (mine !== turn) return;
    const fresh = page && page.querySelector("[data-place]");
    if (!fresh) return location.assign(href);
    if (going) history[going](null, "", href);
    // What belongs to another conversation is not changed into this one: it goes.
    for (const part of [...place.children]) if (part.id !== "inbox-list" && !(part.id && fresh.querySelector(`#${CSS.escape(part.id)}`))) part.remove();
    const typed = new Map(all("textarea[id]", place).map((field) => [field.id, field.value]));
    const portal = { since: page.body.dataset.since };
    await htmx.swap({ sourceElement: document.body, target: place, swap: "outerMorph", text: fresh.outerHTML, portal });
    all("textarea[id]").forEach((field) => typed.has(field.id) && (field.value = typed.get(field.id)));
    const thread = document.querySelector("[data-place] > .thread");
    if (!thread) return;
    say(thread.querySelector("h2")?.textContent ?? "");
    // Where only one pane has room, the list is gone with what had the focus.
    if (!document.querySelector("[data-place] > .list-pane")?.offsetParent) thread.focus();
  }

  // What was searched for as it was typed has an address of its own, so going back and loading anew find it again.
  document.addEventListener("htmx:before:response", ({ detail }) => {
    const address = detail.ctx.response.raw.headers.get("Portal-Address");
    if (address) history.replaceState(null, "", address);
  });

  function stepInPlace(link) {
    const menu = link.closest("details[open]");
    if (menu) menu.open = false;
    goInPlace(link.href);
  }

  addEventListener("popstate", () => document.querySelector("[data-place]") && goInPlace(location.href, ""));

  // What stood open is this person's no more: nothing of it stays, and the list goes on with a word that says so.
  async function goOnWithout() {
    const ended = document.querySelector("[data-place] > #inbox-list.gone:not([aria-busy])");
    if (!ended) return;
    ended.setAttribute("aria-busy", "true");
    document.dispatchEvent(new CustomEvent("portal:lost"));
    all("dialog[data-asked]").forEach((dialog) => dialog.remove());
    for (const part of [...ended.parentElement.children]) if (part !== ended) part.remove();
    await goInPlace(`/staff/inbox${location.search}`, "replaceState");
    const lost = byId("lost").content.firstElementChild.cloneNode(true);
    document.querySelector("[data-place] > .blank")?.replaceWith(lost);
    say(flat(lost));
    if (document.activeElement === document.body) lost.focus();
  }

  document.addEventListener("htmx:after:swap", goOnWithout);

  // ---- A letter before it goes

  async function preview(link) {
    const place = byId(link.dataset.preview);
    const href = new URL(link.href);
    for (const chosen of link.closest("form")?.querySelectorAll(':is([name="holder"], [name="language"]):checked') ?? [])
      href.searchParams.set(chosen.name, chosen.value);
    const answer = await ask(href).catch(() => null);
    if (!answer?.ok) return (place.textContent = word("noAnswer"));
    place.replaceChildren(...parse(await answer.text()).body.childNodes);
  }

  function insert(button) {
    const field = byId(button.dataset.into);
    button.closest("dialog")?.close();
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // ---- A password's length, in words. Whether it is a good one, the server judges.

  function measure(list) {
    const { least, good, empty, short, shortOne, enough, strong, strength } = list.dataset;
    const length = [...byId(strength).value].length;
    const missing = Number(least) - length;
    const text = !length ? empty : missing === 1 ? shortOne : missing > 0 ? short.replace("{n}", missing) : length < Number(good) ? enough : strong;
    const spot = list.querySelector("[data-length]");
    if (spot.textContent !== text) spot.textContent = text;
    spot.closest("li").classList.toggle("met", missing <= 0);
    const use = spot.closest("li").querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, missing <= 0 ? "#circle-check" : "#circle-dashed"));
  }

  // ---- What is too long: nothing is cut. A field [data-longest] says by how much it is over, and is not sent so.

  const excess = (field) => [...field.value].length - Number(field.dataset.longest);

  function weigh(field) {
    const over = excess(field);
    const id = `${field.id}-over`;
    if (over <= 0) return byId(id)?.remove();
    const note = byId(id) ?? element("p", "why");
    note.id = id;
    note.setAttribute("role", "status");
    note.textContent = word(over === 1 ? "overOne" : "overMany", { n: over.toLocaleString(document.documentElement.lang) });
    if (!note.isConnected) (field.closest(".box") ?? field).after(note);
  }

  function holdBack(event) {
    const over = all("[data-longest]", event.target).find((field) => excess(field) > 0);
    if (!over || event.submitter?.formNoValidate) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    weigh(over);
    over.focus();
  }

  document.addEventListener("submit", holdBack, true);
  document.addEventListener("input", ({ target }) => target.matches("[data-longest]") && weigh(target));

  const CLICKS = { "[data-asks]": openFresh, "[data-preview]": preview, "[data-insert]": insert, "[data-in-place]": stepInPlace };

  // What isn't available stays where it is, can be reached, and says why; pressing it does nothing.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.('[aria-disabled="true"]')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const [selector, behave] of Object.entries(CLICKS)) {
      const found = event.target.closest(selector);
      if (!found) continue;
      event.preventDefault();
      behave(found);
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !event.target.matches("form[data-act]")) return;
    event.preventDefault();
    act(event.target, event.submitter);
  });
  document.addEventListener("input", ({ target }) => all("[data-strength]").filter((list) => list.dataset.strength === target.id).forEach(measure));
  document.addEventListener("htmx:after:swap", tick); // before the next second shows what the server alone can't know
  tick();
  setInterval(tick, 1000);
})();
