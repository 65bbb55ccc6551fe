// A file of doors on its way: that it is too large is told before it is sent, and that it is being read while it is.
for (const form of document.querySelectorAll("form[data-works]")) form.addEventListener("submit", (event) => begin(form, event));
// Who comes back with the browser's own button finds the form as it was, not one that seems to be at work.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("form[data-works]")) rest(form);
});

function begin(form, event) {
  const field = form.querySelector("input[type=file]");
  const file = field?.files[0];
  const said = form.querySelector("[role=status]");
  if (file && file.size > Number(field.dataset.most)) {
    event.preventDefault();
    said.textContent = field.dataset.tooLarge;
    said.classList.add("note-warn");
    said.hidden = false;
    field.focus();
    return;
  }
  said.classList.remove("note-warn");
  said.textContent = form.dataset.works;
  said.hidden = false;
  form.setAttribute("aria-busy", "true");
  // disabled after the form has been read: a second press would be refused as one too many
  setTimeout(() => form.querySelectorAll("button").forEach((one) => (one.disabled = true)), 0);
}

function rest(form) {
  form.removeAttribute("aria-busy");
  form.querySelector("[role=status]").hidden = true;
  form.querySelectorAll("button").forEach((one) => (one.disabled = false));
}
