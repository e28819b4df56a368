// The page of one suggestion: editing, sources, copying, and holding the item while it is looked at.
"use strict";
(() => {
  const work = document.querySelector(".work");
  if (!work) return;
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const editable = "editable" in work.dataset;
  const form = find("#decide");
  const fields = form ? [...form.querySelectorAll("textarea[name=block]")] : [];
  const say = window.suggestSay;
  let leaving = false;

  // --- the text -------------------------------------------------------------------------------
  const text = () => {
    const final = find("[data-final]");
    if (final) return final.textContent;
    let whole = "";
    for (const field of fields) {
      if (!field.value.trim()) continue;
      whole += (whole ? field.parentElement.dataset.lead || "\n\n" : "") + field.value;
    }
    return whole;
  };
  const changed = () => fields.some((field) => field.value !== field.dataset.original);
  const unsaved = () => ("kept" in work.dataset ? fields.some((field) => field.value !== field.defaultValue) : changed()); // kept: by the ledger
  const own = fields.length === 1 && fields[0].closest(".own");
  if (own && form) form.classList.add("has-own");

  function editing(on, target) {
    if (!form || !editable || own) { if (own && on) fields[0].focus(); return; }
    form.classList.toggle("editing", on);
    const button = find("#edit");
    button.setAttribute("aria-pressed", String(on));
    button.querySelector("span").textContent = on ? button.dataset.stop : button.dataset.edit;
    if (on) {
      fields.forEach(grow);
      const field = target || fields.find((one) => one.closest(".part-point")) || fields[0];
      field.focus();
      field.setSelectionRange(0, 0);
      check();
    } else button.focus();
  }
  function grow(field) {
    if (CSS.supports("field-sizing", "content")) return;
    field.rows = Math.max(2, field.value.split("\n").length + Math.floor(field.value.length / 45));
  }
  let waiting;
  function check() {
    clearTimeout(waiting);
    waiting = setTimeout(() => { const hints = find("#hints"); if (hints && window.htmx) window.htmx.trigger(hints, "lint"); }, 500);
  }
  function noteChange() {
    const edited = changed();
    for (const field of fields) field.parentElement.classList.toggle("changed", field.value !== field.dataset.original); // stays in view
    const approve = find("#approve");
    if (approve) approve.querySelector("span").textContent = edited ? approve.dataset.edited : approve.dataset.approve;
    const note = find("#changed");
    if (note) note.hidden = !edited;
  }
  for (const field of fields) {
    field.addEventListener("input", (event) => { grow(field); noteChange(); if (!event.isComposing) check(); });
    field.addEventListener("compositionend", check);
  }
  fields.forEach(grow);
  noteChange();
  if (own && editable) check();
  if (find("#discard")) find("#discard").addEventListener("click", () => {
    for (const field of fields) { field.value = field.dataset.original; grow(field); }
    noteChange();
    check();
    find("#edit").focus();
  });

  // a blank has to be filled in before anything is approved
  function firstBlank() {
    for (const field of fields) {
      const found = /【ご確認ください[^】]*】|\[Please check[^\]]*\]/.exec(field.value);
      if (found) return [field, found];
    }
    return null;
  }
  if (form) form.addEventListener("submit", (event) => {
    const blank = firstBlank();
    if (blank || !text().trim()) {
      event.preventDefault();
      editing(true, blank ? blank[0] : fields[0]);
      if (blank) blank[0].setSelectionRange(blank[1].index, blank[1].index + blank[1][0].length);
      return;
    }
    leaving = true;
    find("#approve").disabled = true;
  });
  all("dialog form, .actions form, .toast").forEach((one) => one.addEventListener("submit", () => { leaving = true; }));
  window.addEventListener("beforeunload", (event) => { if (editable && unsaved() && !leaving) event.preventDefault(); });

  // --- sources --------------------------------------------------------------------------------
  function light(number, come, span) {
    all(".lit, .hit").forEach((one) => one.classList.remove("lit", "hit"));
    const source = document.getElementById(`source-${number}`);
    if (!source) return false;
    source.classList.add("lit");
    if (!span) all(`.claim[data-source="${number}"]`).forEach((one) => one.classList.add("lit"));
    const words = (span && source.querySelector(`.quoted[data-span="${CSS.escape(span)}"]`)) || source.querySelector(".quoted");
    if (words && span) words.classList.add("hit");
    if (come) { source.open = true; (words || source).scrollIntoView({ block: "nearest" }); }
    return true;
  }
  for (const number of all("sup[data-source]")) number.addEventListener("click", () => light(number.dataset.source, true));
  for (const claim of all(".claim[data-source]")) {
    claim.addEventListener("click", () => light(claim.dataset.source, true, claim.dataset.span));
    claim.addEventListener("focus", () => light(claim.dataset.source, false, claim.dataset.span));
    claim.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); light(claim.dataset.source, true, claim.dataset.span); } });
  }

  // --- copying --------------------------------------------------------------------------------
  async function copy() {
    try {
      await navigator.clipboard.writeText(text());
      say(work.dataset.copied);
    } catch { say(work.dataset.copyFailed); }
  }
  find("#copy").addEventListener("click", copy);
  if (find("#edit")) find("#edit").addEventListener("click", () => editing(!form.classList.contains("editing")));

  // --- holding the item -----------------------------------------------------------------------
  async function hold() {
    if (document.hidden) return;
    const answer = await fetch(`/items/${encodeURIComponent(work.dataset.item)}/claim`, { method: "POST", headers: { "X-CSRF-Token": document.body.dataset.csrf } });
    if (answer.status === 409) { say(work.dataset.lost); clearInterval(holding); }
  }
  const holding = editable ? setInterval(() => hold().catch(() => {}), 120000) : 0;

  const release = () => fetch(`/items/${encodeURIComponent(work.dataset.item)}/release`, { method: "POST", keepalive: true, headers: { "X-CSRF-Token": document.body.dataset.csrf } }).catch(() => {});
  if (editable) for (const link of all("#to-queue, #next, #previous")) link.addEventListener("click", release);

  const click = (selector) => { const target = find(selector); if (!target) return false; target.click(); return true; };
  window.suggestKeys = {
    a: () => click("#approve"), e: () => click("#edit"), r: () => click("#reject-open"), x: () => click("#escalate-open"),
    c: () => { copy(); return true; },
    s: () => { // again: the next one
      const choices = all(".others .swap button");
      if (!choices.length) return false;
      const next = choices[(choices.indexOf(document.activeElement) + 1) % choices.length];
      const folded = next.closest("details.rest");
      if (folded) folded.open = true;
      next.focus();
      next.scrollIntoView({ block: "center" });
      return true;
    },
    send: () => { if (find("#approve")) form.requestSubmit(); },
    escape: () => editing(false),
  };
  for (let n = 1; n <= 9; n += 1) window.suggestKeys[n] = () => light(n, true);
})();
