// The operator's pages work without this. It brings live figures, answers without a reload, a question before a pause, and copying.
"use strict";

(() => {
  const byId = id => document.getElementById(id);

  // --- What was said ---

  const said = byId("said");
  const say = (text, isBad) => {
    if (!said) return;
    said.textContent = text;
    said.classList.toggle("bad", Boolean(isBad));
    said.hidden = false;
  };

  // --- A question first ---

  const confirmed = form => new Promise(resolve => {
    const dialog = document.createElement("dialog");
    const text = document.createElement("p");
    text.textContent = form.dataset.confirm;
    const row = document.createElement("div");
    row.className = "btns gap";
    for (const [label, value, kind] of [[form.dataset.yes || "Yes", "yes", "btn primary"], ["Cancel", "", "btn"]]) {
      const button = document.createElement("button");
      button.className = kind;
      button.textContent = label;
      button.addEventListener("click", () => dialog.close(value));
      row.append(button);
    }
    dialog.append(text, row);
    dialog.addEventListener("close", () => {
      const answer = dialog.returnValue === "yes";
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });

  // --- Forms ---

  const send = async form => {
    const button = form.querySelector("button");
    if (button.ariaDisabled === "true") return;
    const label = button.innerHTML;
    // Not disabled: that would take the focus away.
    button.ariaDisabled = "true";
    button.textContent = "Asking …";
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" }, credentials: "same-origin",
      });
      const message = await answer.json();
      say(message.text, !answer.ok);
    } catch {
      say("fitnessd did not answer. Nothing may have been changed: load the page again to see.", true);
    }
    button.ariaDisabled = null;
    button.innerHTML = label;
    refreshList();
  };

  document.addEventListener("submit", async event => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !("ask" in form.dataset)) return;
    // A link is shown on a page of its own.
    if (new URL(form.action).pathname === "/actions/connect") return;
    event.preventDefault();
    if (!form.dataset.confirm || await confirmed(form)) send(form);
  });

  document.addEventListener("click", async event => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = byId(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(byId(button.dataset.copy));
      button.textContent = "Press Ctrl+C";
    }
  });

  // --- Live figures: each event names regions by id, with their new content, which the server's templates have escaped ---

  // What has the focus keeps it: the same athlete's button, or the same link.
  const keyOf = element => element.form ? `${element.form.elements.athlete?.value ?? ""}/${element.form.elements.uid?.value ?? ""}`
    : element.getAttribute("href") ?? element.getAttribute("aria-label") ?? "";
  const replace = (element, html) => {
    const active = element.contains(document.activeElement) ? document.activeElement : null;
    if (active?.matches("input, select")) return;
    const key = active && keyOf(active);
    element.innerHTML = html;
    if (active) [...element.querySelectorAll("button, a, [tabindex]")].find(each => keyOf(each) === key)?.focus({ preventScroll: true });
  };
  const put = (id, html) => {
    const element = byId(id);
    if (element) replace(element, html);
  };

  const list = byId("athletes-list");
  let listAt = Date.now();
  const refreshList = async () => {
    if (!list || document.hidden) return;
    listAt = Date.now();
    try {
      const answer = await fetch(list.dataset.part, { credentials: "same-origin" });
      if (answer.ok) replace(list, await answer.text());
    } catch { /* The stream says that the daemon is away. */ }
  };

  const pill = byId("live-pill"), time = byId("live-time"), bar = byId("page-bar");
  if (!time || !("EventSource" in window)) return;
  let source = null, wait_s = 2, timer = 0, ownBar = null;

  const lost = () => {
    source.close();
    source = null;
    pill.hidden = false;
    if (!ownBar) {
      ownBar = document.createElement("div");
      ownBar.className = "note warn";
      ownBar.setAttribute("role", "status");
      const text = document.createElement("p");
      const button = document.createElement("button");
      button.className = "btn";
      button.textContent = "Try now";
      button.addEventListener("click", open);
      ownBar.append(text, button);
    }
    ownBar.querySelector("p").textContent = `Live updates are interrupted. Figures are of ${time.textContent}. Trying again in ${wait_s} s.`;
    bar.replaceChildren(ownBar);
    timer = setTimeout(open, wait_s * 1000);
    wait_s = Math.min(60, wait_s * 2);
  };

  const open = () => {
    clearTimeout(timer);
    if (source || document.hidden) return;
    source = new EventSource("/live");
    source.addEventListener("figures", event => {
      const news = JSON.parse(event.data);
      for (const [id, html] of Object.entries(news.regions)) put(id, html);
      time.textContent = news.time;
      pill.hidden = true;
      wait_s = 2;
      if (Date.now() - listAt > 10000) refreshList();
    });
    source.addEventListener("error", lost);
  };

  // A page that nobody looks at holds no connection: a browser has six for one host.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && source) {
      source.close();
      source = null;
    } else if (!document.hidden) {
      open();
    }
  });
  addEventListener("pagehide", () => source && source.close());
  open();
})();
