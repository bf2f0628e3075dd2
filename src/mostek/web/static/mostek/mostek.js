// The little that HTML cannot do by itself. No page needs it to be usable.
"use strict";

// On wide screens the menu is always open; on a phone it is what its user made it.
const wide = window.matchMedia("(min-width: 60rem)");
const unfold = () => document.querySelectorAll("[data-menu]").forEach((menu) => { menu.open = wide.matches; });
wide.addEventListener("change", unfold);
document.addEventListener("DOMContentLoaded", unfold);

// Keys, where nobody is typing. Rows of a list with boxes: j and k walk, x chooses, o opens.
// A control with data-key is pressed, unfolded or entered by its key; one for rows takes the row one stands on.
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const boxes = [...document.querySelectorAll(".chosen input[type=checkbox]")];
  const here = boxes.indexOf(document.activeElement);
  if (boxes.length && ["j", "k"].includes(event.key)) {
    boxes[Math.max(0, Math.min(boxes.length - 1, here + (event.key === "j" ? 1 : -1)))].focus();
  } else if (here >= 0 && event.key === "x") boxes[here].click();
  else if (here >= 0 && event.key === "o") boxes[here].closest("li").querySelector("[data-opens]").click();
  else {
    const control = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!control) return;
    if (here >= 0 && control.form?.contains(boxes[here]) && !boxes.some((box) => box.checked)) boxes[here].checked = true;
    if (control.matches("summary")) {
      if (here >= 0 && !boxes.some((box) => box.checked)) boxes[here].checked = true;
      control.parentElement.open = true;
      control.parentElement.querySelector("input, select").focus();
    } else if (control.matches("input")) control.focus(); else control.click();
  }
  event.preventDefault();
});

// A filter acts when it is chosen; its button is for those without scripts.
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-needless]").forEach((button) => { button.hidden = true; }));
document.addEventListener("change", (event) => { if (event.target.matches("[data-submits]")) event.target.form.requestSubmit(); });
