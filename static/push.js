// The service worker that shows a push. It is registered where no page lives, so no page's content passes through it,
// and it knows nothing but the neutral words that came.
"use strict";

self.addEventListener("push", (event) => {
  const said = event.data ? event.data.json() : {};
  event.waitUntil(self.registration.showNotification(said.title || "Portal", { body: said.body || "", tag: "portal" }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow("/"));
});
