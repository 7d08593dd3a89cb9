"use strict";
{ // tables: a click on a column's head sorts up, a second one down, a third restores the order of the report
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const NUMBER = /^([<>≤≥]?)\s*([-+−]?(?:\d+\.?\d*|\.\d+))(?:\(\d+\))?(?:\s*×\s*10([-−]?\d+)|e([-+−]?\d+))?/i;
  const plain = (text) => Number(text.replace("−", "-"));

  const read = (cell) => { // a text, and its number if it begins with one: [value, side of a bound]
    const text = (cell.dataset.above ?? cell.textContent).trim();
    const found = NUMBER.exec(text);
    const number = found && [plain(found[2]) * 10 ** plain(found[3] ?? found[4] ?? "0"), side(found[1])];
    return { text, number, missing: text === "" || text.startsWith("–") };
  };
  const side = (sign) => (sign === "<" || sign === "≤" ? -1 : sign ? 1 : 0);

  const order = (rows, column, direction) => { // what is missing stays last either way
    const keys = new Map(rows.map((row) => [row, read(row.cells[column])]));
    const there = rows.filter((row) => !keys.get(row).missing);
    const numeric = there.every((row) => keys.get(row).number);
    const compare = (one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)];
      const apart = numeric ? a.number[0] - b.number[0] || a.number[1] - b.number[1] : 0;
      return direction * (apart || words.compare(a.text, b.text));
    };
    return there.sort(compare).concat(rows.filter((row) => keys.get(row).missing));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    rows.forEach((row, number) => { // blank cells at a row's beginning mean what stands above them
      for (const [k, cell] of [...row.cells].entries()) {
        if (cell.textContent !== "" || number === 0) break;
        const above = rows[number - 1].cells[k];
        cell.dataset.above = above.dataset.above ?? above.textContent;
      }
    });
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
      if (head.tagName !== "TH") continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.title = "Sort by this column; a third time restores the order";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        table.classList.toggle("sorted", next !== "");
        if (next) head.setAttribute("aria-sort", next);
        body.append(...(next ? order(rows, column, next === "ascending" ? 1 : -1) : rows));
      });
    }
  }
}
