// Keys, dialogs and small conveniences of every page. Works without: every action is a link or a form.
"use strict";
(() => {
  const find = (selector) => document.querySelector(selector);
  const KEYS_OFF = "suggest-keys-off";
  const keysOn = () => localStorage.getItem(KEYS_OFF) !== "1";

  // said aloud by screen readers, and for some seconds shown to everybody
  let fading;
  window.suggestSay = (text) => {
    const status = find("#status");
    if (!status) return;
    status.textContent = text;
    status.classList.add("shown");
    clearTimeout(fading);
    fading = setTimeout(() => { status.classList.remove("shown"); }, 4000);
  };

  // forms sent by htmx carry the CSRF token of the page
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRF-Token"] = document.body.dataset.csrf;
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) return openDialog(opener.dataset.open);
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    if (event.target.matches("dialog")) event.target.close(); // the backdrop
  });
  function openDialog(id) {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const first = dialog.querySelector("input[type=radio]:checked, select, textarea, button");
    if (first) first.focus();
  }

  const toggle = find("#keys-on");
  if (toggle) {
    toggle.checked = keysOn();
    toggle.addEventListener("change", () => localStorage.setItem(KEYS_OFF, toggle.checked ? "0" : "1"));
  }
  for (const form of document.querySelectorAll("form[data-busy]")) {
    form.addEventListener("submit", () => {
      const button = form.querySelector("button");
      button.textContent = form.dataset.busy;
      setTimeout(() => { button.disabled = true; });
    });
  }

  const typing = (target) => target.closest("textarea, select, [contenteditable], input:not([type=radio]):not([type=checkbox])");
  const rows = () => [...document.querySelectorAll("[data-rows] .rowlink")];
  function step(by) {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(document.activeElement);
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }
  const press = (selector) => { const target = find(selector); if (target && !target.disabled) { target.click(); return true; } return false; };
  const pageKeys = {
    j: () => step(1), k: () => step(-1),
    n: () => press("#next") || press("#start"), p: () => press("#previous"),
    u: () => press("#undo-last") || press("#undo"),
    q: () => press("#to-queue") || (location.href = "/queue", true),
    "/": () => { const field = find("[data-slash]"); if (!field) { location.href = "/search"; return true; } field.focus(); field.select(); return true; },
    "?": () => { openDialog("help"); return true; },
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work
    const dialog = find("dialog[open]");
    if (dialog) {
      const radio = /^[1-9]$/.test(event.key) && !typing(event.target) && dialog.querySelectorAll("input[type=radio]")[event.key - 1];
      if (radio) { radio.checked = true; radio.focus(); event.preventDefault(); }
      else if (event.key === "Enter" && event.target.matches("input[type=radio], select")) { event.preventDefault(); event.target.form.requestSubmit(); }
      else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) { event.preventDefault(); event.target.form.requestSubmit(); }
      return;
    }
    const itemKeys = window.suggestKeys || {};
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && itemKeys.send) { event.preventDefault(); itemKeys.send(); return; }
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); if (itemKeys.escape) itemKeys.escape(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !keysOn()) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = itemKeys[key] || (Object.hasOwn(pageKeys, key) ? pageKeys[key] : null);
    if (action && action() !== false) event.preventDefault();
  });
})();
