// Cards of an athlete's page: fetched when they are scrolled near, and anew when a period is chosen. Without scripts all of it are links.
"use strict";
(() => {
  const loaded = {};
  // The program's, so that what is loaded later is of the same version.
  const version = new URL(document.currentScript.src).search;

  // A script or a style sheet by its name, once.
  function load(name) {
    loaded[name] ||= new Promise((done, failed) => {
      const address = `/assets/${name}${version}`;
      const isStyle = name.endsWith(".css");
      if (isStyle && document.querySelector(`link[href="${address}"]`)) return done();
      const made = document.createElement(isStyle ? "link" : "script");
      if (isStyle) { made.rel = "stylesheet"; made.href = address; } else made.src = address;
      made.onload = done;
      made.onerror = failed;
      document.head.append(made);
    });
    return loaded[name];
  }

  // Calls `then` once an element is near what is seen.
  function whenNear(element, then) {
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      then();
    }, { rootMargin: "300px" });
    watch.observe(element);
  }

  function failed(card, address) {
    card.removeAttribute("aria-busy");
    const body = card.querySelector(".card-b") || card;
    const box = document.createElement("div");
    box.className = "empty";
    box.setAttribute("role", "status");
    const title = document.createElement("strong");
    title.textContent = "This could not be read";
    const text = document.createElement("p");
    text.textContent = "The other cards are not concerned.";
    const again = document.createElement("button");
    again.className = "btn";
    again.type = "button";
    again.textContent = "Try again";
    again.addEventListener("click", () => fill(card, address));
    box.append(title, text, again);
    body.replaceChildren(box);
  }

  // Replaces a card by the one at an address. The focus stays on the choice that was made.
  async function fill(card, address, focused) {
    card.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      const fresh = holder.content.querySelector("section");
      if (!fresh) throw new Error("no card");
      if ("more" in fresh.dataset) await load("more.css");
      card.replaceWith(fresh);
      begin(fresh);
      if (focused) fresh.querySelector(`[data-choice="${focused}"] [aria-current]`)?.focus({ preventScroll: true });
    } catch { failed(card, address); }
  }

  // The table behind a chart comes when it is opened. If it can't be read, the link to it stays.
  async function fillTable(details) {
    const address = details.dataset.table;
    delete details.dataset.table;
    try {
      const [answer] = await Promise.all([fetch(address, { credentials: "same-origin" }), load("more.css")]);
      if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      details.querySelector("p").replaceWith(holder.content.querySelector("details.data .scroll"));
    } catch { details.dataset.table = address; }
  }

  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.dataset.table) fillTable(event.target);
  }, true);

  // A choice changes its own card alone; the address tells the others' choices too.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-card] [data-choice] a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const card = link.closest("[data-card]");
    const name = link.closest("[data-choice]").dataset.choice;
    const query = new URLSearchParams(location.search);
    const chosen = new URL(link.href).searchParams.get(name);
    if (chosen) query.set(name, chosen); else query.delete(name);
    const text = String(query) ? `?${query}` : "";
    history.replaceState(null, "", location.pathname + text + location.hash);
    fill(card, card.closest("[data-parts]").dataset.parts + card.dataset.card + text, name);
  });

  // What only some cards need comes with the first of them.
  function begin(root) {
    if (typeof FitnessCharts !== "undefined") FitnessCharts.draw(root);
    root.querySelectorAll("[data-part]").forEach((card) => whenNear(card, () => fill(card, card.dataset.part)));
    if (root.querySelector("[data-chart='curves']")) load("curves.js").then(() => FitnessCharts.draw(root)).catch(() => {});
    if (root.querySelector(".cal, [data-heat], [data-route]")) load("cards.js").then(() => FitnessCards.begin(root, { load, whenNear })).catch(() => {});
  }

  begin(document);
})();
