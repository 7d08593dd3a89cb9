"use strict";
{ // figures: as SVG, and as PNG at 300 dots an inch of the printed figure
  const save = (name, address) => {
    const link = document.createElement("a");
    link.download = name;
    link.href = address;
    link.click();
  };

  const written = (figure) => {
    const copy = figure.cloneNode(true);
    const [, , width, height] = figure.getAttribute("viewBox").split(/[\s,]+/).map(Number);
    copy.style.removeProperty("--wide");
    copy.setAttribute("width", `${width}pt`);
    copy.setAttribute("height", `${height}pt`);
    return { text: new XMLSerializer().serializeToString(copy), width, height };
  };

  const asPng = async ({ text, width, height }) => {
    const image = new Image();
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height].map((points) => Math.round(points / 72 * 300));
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png");
  };

  for (const button of document.querySelectorAll("button[data-figure]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const found = written(document.querySelector(`#${button.dataset.figure} svg`));
      if (button.dataset.name.endsWith(".png")) {
        save(button.dataset.name, await asPng(found));
      } else {
        const held = URL.createObjectURL(new Blob([found.text], { type: "image/svg+xml" }));
        save(button.dataset.name, held);
        URL.revokeObjectURL(held);
      }
    });
  }
}
