// The position for the visits of the day: asked for once, by a button and never by itself; each visit then takes it along.
import { watchPosition } from "./position.js";

const said = document.getElementById("position");
const offer = document.getElementById("attach");

function tell(how) {
  said.textContent = said.dataset[how];
  said.hidden = false;
  offer.hidden = how !== "waiting";
  offer.firstElementChild.disabled = how === "waiting";
}

navigator.permissions?.query({ name: "geolocation" }).then(
  (leave) => {
    if (leave.state === "granted") tell("on");
    else if (leave.state === "prompt") offer.hidden = false;
  },
  () => {},
);

offer.firstElementChild.addEventListener("click", () => {
  tell("waiting");
  watchPosition(
    () => tell("on"),
    (failure) => tell(failure === null ? "on" : "off"),
  );
});
