// Follows the live price of the asset on the markets page: reads the stream's lines, and comes back to the dashboard
// when the connection to it breaks. The dashboard does the same for its connection to the server.
(() => {
  "use strict";
  const dash = (window.dash_clientside = window.dash_clientside || {});
  const ATTEMPTS_MAX = 5;
  const FIRST_DELAY_MS = 500;
  // The dashboard says something every second.
  const SILENCE_MS = 10000;
  const OFF = "Off. Choose Live to follow new prices, or Replay to see stored ones come again.";

  let watching = null;

  const shown = () => document.getElementById("live-state") !== null;
  const say = (words) => shown() && window.dash_clientside.set_props("live-state", { children: words });

  async function read(form, chosen, signal, heard) {
    const response = await fetch("/stream/prices", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(form),
      signal,
    });
    if (!response.ok) throw new Error(`the dashboard answered ${response.status}`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard();
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        // The reader may have left the page, or have chosen another asset, since the line was sent.
        if (!shown() || watching !== chosen) {
          chosen.abort();
          return;
        }
        for (const { id, props } of JSON.parse(line)) window.dash_clientside.set_props(id, props);
      }
    }
  }

  async function watch(form) {
    const chosen = new AbortController();
    watching = chosen;
    for (let attempt = 0; attempt <= ATTEMPTS_MAX && watching === chosen; attempt += 1) {
      if (attempt) {
        say(`The dashboard is gone. Reconnecting, attempt ${attempt} of ${ATTEMPTS_MAX}.`);
        await new Promise((resolve) => setTimeout(resolve, FIRST_DELAY_MS * 2 ** (attempt - 1)));
        if (watching !== chosen || !shown()) return;
      }
      let timer = 0;
      const connection = new AbortController();
      const end = () => connection.abort();
      chosen.signal.addEventListener("abort", end);
      const heard = () => {
        attempt = 0;
        clearTimeout(timer);
        timer = setTimeout(end, SILENCE_MS);
      };
      try {
        timer = setTimeout(end, SILENCE_MS);
        await read(form, chosen, connection.signal, heard);
        return;
      } catch {
        if (watching !== chosen) return;
      } finally {
        clearTimeout(timer);
        chosen.signal.removeEventListener("abort", end);
      }
    }
    if (watching === chosen) say("The dashboard is gone. What is shown is old; choose Live again to try anew.");
  }

  dash.riskwave_live = {
    follow(mode, speed, symbol, source) {
      if (watching) {
        const before = watching;
        watching = null;
        before.abort();
      }
      if (mode === "off" || !symbol) say(OFF);
      else watch({ symbol, source, speed: mode === "replay" ? Number(speed) : 0 });
      return window.dash_clientside.no_update;
    },
  };
})();
