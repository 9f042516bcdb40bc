// One socket that comes back by itself. It knows nothing of what is said on it: live.js tells it what to do when it opens,
// with each frame, and when it closes. Frames are taken one at a time, for one may wait until the page has changed.
window.openSocket = (address, hears) => {
  "use strict";

  const FIRST_WAIT = 500; // milliseconds until it is dialled again, then twice as long each time
  const LONGEST_WAIT = 5000;
  const COMES_BACK_AFTER = [1001, 1005, 1006, 1011, 1012, 1013, 1014]; // any other code is the server's last word
  const url = new URL(address, location.href.replace(/^http/, "ws"));

  let socket = null; // the one that is listened to
  let tries = 0; // since one was open
  let timer = 0;
  let taken = Promise.resolve(); // all frames so far

  function dial() {
    const dialled = (socket = new WebSocket(url));
    const hear = (name, act) => dialled.addEventListener(name, (event) => socket === dialled && act(event));
    hear("open", () => ((tries = 0), hears.open()));
    hear("message", ({ data }) => take(JSON.parse(data)));
    hear("close", ({ code }) => {
      if (COMES_BACK_AFTER.includes(code)) redial(jittered(Math.min(FIRST_WAIT * 2 ** tries++, LONGEST_WAIT)));
      hears.close(code);
    });
  }

  function take(frame) {
    taken = taken.then(() => hears.frame(frame)).catch(reportError);
  }

  // All pages lost the same worker: they don't come back in the same moment.
  const jittered = (delay) => delay * (0.7 + 0.6 * Math.random());

  // A line that was cut can be long in saying so: the old socket isn't waited for.
  function redial(delay) {
    end();
    timer = setTimeout(dial, delay);
  }

  function end() {
    clearTimeout(timer);
    socket?.close();
    socket = null;
  }

  dial();
  const isUp = () => socket?.readyState === WebSocket.OPEN;
  return { end, isUp, redial, send: (frame) => socket.send(JSON.stringify(frame)) };
};
