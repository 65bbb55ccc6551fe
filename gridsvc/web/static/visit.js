// Recording a visit: steps for the number of people met, and the position where the browser gives one.
import { watchPosition } from "./position.js";

const form = document.getElementById("visit");
const field = (name) => document.getElementById(`v-${name}`);

for (const button of form.querySelectorAll("[data-step]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const met = field("n_met");
    const now = met.value === "" ? 1 : Number(met.value);
    met.value = Math.min(1000, Math.max(1, now + Number(button.dataset.step)));
  });
}

// Asked for only where the browser has leave already: nobody is asked at every door.
navigator.permissions?.query({ name: "geolocation" }).then(
  (leave) => {
    if (leave.state === "granted") attach();
  },
  () => {},
);

function attach() {
  const said = field("position");
  watchPosition(
    ({ lon, lat, accuracy_m }) => {
      field("x").value = lon.toFixed(7);
      field("y").value = lat.toFixed(7);
      field("accuracy_m").value = accuracy_m.toFixed(1);
      said.textContent = said.dataset.on.replace("{accuracy}", `${Math.round(accuracy_m)} m`);
    },
    () => {},
  );
}

// Kept in the browser's memory, the form would come back with dead buttons: it is asked for anew, with another key.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

// One tap records once, however often the thumb comes down: the key of the form is the same.
form.addEventListener("submit", () => {
  const key = `visit ${form.elements.client_key.value}`;
  field("sent_at").value = new Date().toISOString();
  field("happened_at").value = sessionStorage.getItem(key) ?? field("sent_at").value;
  sessionStorage.setItem(key, field("happened_at").value); // sent again, it happened when it was first tapped
  setTimeout(() => {
    for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = true;
  });
});
