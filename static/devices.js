// The button by which this browser asks to be told while no page is open. Nothing is asked before it is pressed.
(() => {
  "use strict";

  const button = document.querySelector("[data-push-key]");
  if (!button || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  const said = document.getElementById("push-said");
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  async function subscribe() {
    if ((await Notification.requestPermission()) !== "granted") return button.dataset.denied;
    // An address that stays the same with each version, and a scope in which there is no page.
    const worker = await navigator.serviceWorker.register("/static/push/push.js", { scope: "/static/push/" });
    const wanted = { userVisibleOnly: true, applicationServerKey: bytes(button.dataset.pushKey) };
    let made = await worker.pushManager.getSubscription();
    const own = made?.options?.applicationServerKey;
    if (made && own && text(own) !== button.dataset.pushKey) {
      await made.unsubscribe(); // it is bound to a key that is no longer ours
      made = null;
    }
    made ??= await worker.pushManager.subscribe(wanted);
    const body = new URLSearchParams({ endpoint: made.endpoint, p256dh: text(made.getKey("p256dh")), auth: text(made.getKey("auth")) });
    const answer = await fetch(button.dataset.action, { method: "POST", body, headers: { "HX-Request": "true" }, credentials: "same-origin" });
    return answer.ok ? button.dataset.done : button.dataset.failed;
  }

  button.hidden = false;
  document.getElementById("push-cannot").hidden = true;
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = await subscribe().catch(() => button.dataset.failed);
    button.disabled = false;
  });
})();
