// What the browser does by itself: keep the theme, show problems, carry the page's state in the address, and read the
// stream of a running simulation. Everything else is a callback on the server.
(() => {
  "use strict";
  // Dash loads this file before its own scripts: what they define is looked up when it is used.
  const dash = (window.dash_clientside = window.dash_clientside || {});
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const MESSAGES_MAX = 50;
  const TOAST_MS = 10000;
  const SILENCE_MS = 30000;

  const text = (content) => ({ type: "Text", namespace: "dash_mantine_components", props: { children: content, size: "sm" } });

  // A problem as a toast. Severities have words as well as colours.
  const toast = (problem) => ({
    action: "show",
    id: problem.id,
    color: { error: "red", warning: "yellow", info: "blue" }[problem.severity] || "red",
    title: problem.title,
    message: {
      type: "Stack",
      namespace: "dash_mantine_components",
      props: {
        gap: 2,
        children: [text(problem.message), problem.still_works && text(problem.still_works), text(`Error id: ${problem.correlation_id}`)].filter(Boolean),
      },
    },
    autoClose: TOAST_MS,
    withCloseButton: true,
    closeButtonProps: { "aria-label": "Close this notice" },
  });

  const problems = {
    // Every part has a store for its last problem; whichever changed becomes a toast and an entry of the message list.
    announce(_stores, messages) {
      const fresh = window.dash_clientside.callback_context.triggered.map((item) => item.value).filter(Boolean);
      const known = new Set((messages || []).map((item) => item.id));
      const added = fresh.filter((item) => !known.has(item.id));
      if (!added.length) return [window.dash_clientside.no_update, window.dash_clientside.no_update];
      return [added.map(toast), [...added.reverse(), ...(messages || [])].slice(0, MESSAGES_MAX)];
    },
  };

  const shell = {
    toggle_navigation(opened, navbar) {
      return { ...navbar, collapsed: { mobile: !opened } };
    },
    close_navigation() {
      return false;
    },
    mark_page(path, home, links) {
      const shown = path.replace(/\/+$/, "") || home;
      return links.map((link) => link.path === shown);
    },
  };

  const markets = {
    // The page's state goes into the address without a new entry in the history, so that a copied link shows the same.
    write_address(symbol, source, range, log, ahead, names, values, ids) {
      if (window.location.pathname !== "/markets" || !symbol) return window.dash_clientside.no_update;
      const params = (name) => ids.map((id, index) => [id, values[index]]).filter(([id]) => id.indicator === name).map(([, value]) => value);
      const query = new URLSearchParams();
      query.set("symbol", symbol);
      if (source) query.set("source", source);
      query.set("range", range);
      if (log) query.set("log", "1");
      if (ahead) query.set("ahead", "1");
      query.set("indicators", (names || []).map((name) => [name, ...params(name)].join("~")).join(","));
      window.history.replaceState(window.history.state, "", `/markets?${query}`);
      return window.dash_clientside.no_update;
    },
  };

  let running = null;

  const ownProblem = (message) => ({
    id: `local-${Date.now()}`,
    severity: "error",
    part: "simulation",
    title: "The simulation is unavailable",
    message,
    still_works: "The form and the last result stay; try again.",
    correlation_id: "none: no answer came",
    time: new Date().toISOString(),
  });

  const idle = (busy) => {
    setProps("simulation-run", { disabled: busy, loading: busy });
    setProps("simulation-cancel", { disabled: !busy });
  };

  // Each line of the stream is a map from component to properties, complete in itself.
  async function readStream(form) {
    const control = new AbortController();
    running = control;
    idle(true);
    let timer = 0;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => control.abort(new Error("silence")), SILENCE_MS);
    };
    try {
      watch();
      const response = await fetch("/stream/simulation", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(form),
        signal: control.signal,
      });
      if (!response.ok) throw new Error(`The dashboard answered ${response.status}.`);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        watch();
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          for (const { id, props } of JSON.parse(line)) setProps(id, props);
        }
      }
    } catch (error) {
      const cancelled = control.signal.aborted && control.signal.reason === "cancelled";
      const silent = control.signal.aborted && !cancelled;
      if (cancelled) setProps("simulation-status", { children: "Cancelled. The last estimate stays valid for the paths that were done." });
      else {
        const message = silent ? "Nothing came for 30 seconds." : `The connection to the dashboard broke: ${error.message}`;
        setProps("simulation-status", { children: message });
        setProps({ type: "problem", part: "simulation" }, { data: ownProblem(message) });
      }
    } finally {
      clearTimeout(timer);
      if (running === control) {
        running = null;
        idle(false);
      }
    }
  }

  const simulation = {
    // The names are those of simulation_form.FIELDS, in its order.
    run(clicks, assets, start, mean, volatility, model, paths, horizon, seed, portfolio) {
      if (!clicks || running) return window.dash_clientside.no_update;
      readStream({ assets, start, mean, volatility, model, paths, horizon, seed, portfolio });
      return window.dash_clientside.no_update;
    },
    cancel(clicks) {
      if (clicks && running) running.abort("cancelled");
      return window.dash_clientside.no_update;
    },
  };

  dash.riskwave_problems = problems;
  dash.riskwave_shell = shell;
  dash.riskwave_markets = markets;
  dash.riskwave_simulation = simulation;

  // Escape leaves a long calculation as it leaves a dialog.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && running) running.abort("cancelled");
  });
})();
