// The little that HTML cannot do by itself. No page needs it to be usable.
"use strict";

// On wide screens the menu is always open; on a phone it is what its user made it.
const wide = window.matchMedia("(min-width: 60rem)");
const unfold = () => document.querySelectorAll("[data-menu]").forEach((menu) => { menu.open = wide.matches; });
wide.addEventListener("change", unfold);
document.addEventListener("DOMContentLoaded", unfold);

// Rows of a list with boxes: j and k walk, x chooses.
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey) return;
  const boxes = [...document.querySelectorAll(".chosen input[type=checkbox]")];
  if (!boxes.length || !["j", "k", "x"].includes(event.key)) return;
  const here = boxes.indexOf(document.activeElement);
  if (event.key === "x") { if (here >= 0) boxes[here].click(); } else {
    boxes[Math.max(0, Math.min(boxes.length - 1, here + (event.key === "j" ? 1 : -1)))].focus();
  }
  event.preventDefault();
});
