"use strict";
const form = document.querySelector(".filter");
const input = form.querySelector("input");
const count = form.querySelector("output");
const edges = [...document.querySelectorAll(".edge")];
const rows = [...document.querySelectorAll(".matrix tbody tr")];
const texts = new Map([...edges, ...rows].map((one) => {
  const parts = one.matches("tr") ? one.querySelectorAll("th, td.open") : [one];
  const open = [...one.querySelectorAll("td.open")].map((cell) => cell.dataset.server);
  return [one, [...[...parts].map((part) => part.textContent), ...open].join(" ").toLowerCase()];
}));
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
input.addEventListener("input", () => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const [one, text] of texts) one.hidden = !words.every((word) => text.includes(word));
  const left = edges.filter((one) => !one.hidden).length;
  count.textContent = words.length ? `${left} of ${edges.length} connections` : "";
});
addEventListener("beforeprint", () => edges.forEach((one) => { one.open = true; }));
