"use strict";
for (const button of document.querySelectorAll("button[data-figure]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const figure = document.querySelector(`#${button.dataset.figure} svg`);
    const link = document.createElement("a");
    link.download = button.dataset.name;
    link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(figure)], { type: "image/svg+xml" }));
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
