"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  for (const control of all(".controls")) control.hidden = false; // of no use without this script

  // Sort: the button in a column's heading; pressed again, it turns the order round.
  function sort(heading) {
    const body = heading.closest("table").tBodies[0];
    const order = heading.ariaSort === "none" ? heading.dataset.first
      : heading.ariaSort === "ascending" ? "descending" : "ascending";
    for (const other of heading.parentElement.querySelectorAll("[aria-sort]")) other.ariaSort = "none";
    heading.ariaSort = order;
    const sign = order === "ascending" ? 1 : -1;
    const keys = new Map([...body.rows].map((row) => [row, row.cells[heading.cellIndex].dataset.key]));
    const numeric = [...keys.values()].every((key) => key === "nan" || key.trim() !== "" && !isNaN(key));
    const compare = numeric ? (a, b) => a - b : (a, b) => a.localeCompare(b);
    body.append(...[...keys.keys()].sort((one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)];
      if (numeric && (a === "nan" || b === "nan")) return (a === "nan") - (b === "nan"); // the unknown is always last
      return sign * compare(a, b);
    }));
  }
  for (const button of all("th[aria-sort] button")) button.addEventListener("click", () => sort(button.closest("th")));

  // Filter the neurons by attribute, layer and words.
  const table = byId("neurons-table");
  if (table) {
    const [attribute, layer, words] = ["attribute", "layer", "words"].map(byId);
    const rows = [...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
    const filter = () => {
      const asked = words.value.trim().toLowerCase();
      let shown = 0;
      for (const [row, text] of rows) {
        row.hidden = Boolean(attribute.value && row.dataset.attribute !== attribute.value
          || layer.value && row.dataset.layer !== layer.value || !text.includes(asked));
        shown += !row.hidden;
      }
      byId("shown").textContent = `${shown} of ${rows.length} rows`;
    };
    for (const control of [attribute, layer, words]) control.addEventListener("input", filter);
    filter();
  }

  // The drops of one measure, at one number of changed neurons, at a time.
  const [k, measure] = [byId("k"), byId("measure")];
  if (k) {
    const show = () => {
      for (const drop of all(".drop")) {
        drop.hidden = drop.dataset.k !== k.value || Boolean(measure) && drop.dataset.measure !== measure.value;
      }
    };
    for (const control of [k, measure]) control?.addEventListener("input", show);
    show();
  }

  // Values under the pointer. They stand in the tables and in the profiles' labels too: this is a convenience, so it is
  // silent to screen readers.
  const tip = document.body.appendChild(document.createElement("div"));
  tip.id = "tip";
  tip.hidden = true;
  tip.ariaHidden = "true";
  function text(event) {
    const chart = event.target.closest(".profile");
    if (!chart) return event.target.closest("[data-tip]")?.dataset.tip;
    const { left, width } = chart.getBoundingClientRect();
    const values = chart.ariaLabel.split(",\n"); // a concept's name has no line break
    const place = Math.min(values.length - 1, Math.max(0, Math.floor((event.clientX - left) / width * values.length)));
    return values[place];
  }
  for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, (event) => {
    const said = text(event);
    tip.hidden = !said;
    if (!said) return;
    tip.textContent = said;
    const { clientWidth, clientHeight } = document.documentElement;
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, clientWidth - tip.offsetWidth - 4))}px`;
    const below = event.clientY + 18;
    tip.style.top = `${below + tip.offsetHeight > clientHeight ? event.clientY - tip.offsetHeight - 10 : below}px`;
  });
})();
