// What a pin looks like: a shape and colour for each standing, and a number written as text. Drawn as SVG, so that it
// stays sharp on any screen and on paper of any size.
const NS = "http://www.w3.org/2000/svg";
const EDGE = "#1b2733";
const SHAPES = {
  square: () => shape("rect", { x: 3, y: 3, width: 26, height: 26 }),
  hexagon: () => shape("path", { d: "M8 3H24L31 16 24 29H8L1 16Z" }),
  circle: () => shape("circle", { cx: 16, cy: 16, r: 14 }),
  ring: () => shape("circle", { cx: 16, cy: 16, r: 14, "stroke-dasharray": "5 3" }),
  slant: () => shape("path", { d: "M8 4H31L24 28H1Z" }),
  shield: () => shape("path", { d: "M3 3H29V19Q29 25 16 31 3 25 3 19Z" }),
  crossed: () => shape("circle", { cx: 16, cy: 16, r: 14 }),
};

function shape(name, facts) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(facts)) made.setAttribute(key, value);
  return made;
}

/** The mark of a standing with a number in it, or without one (legend). */
export function mark(look, standing, number = "") {
  const svg = shape("svg", { viewBox: "0 0 32 32", class: `wall-mark wall-mark-${standing}`, "aria-hidden": "true", focusable: "false" });
  const body = SHAPES[look.shape]();
  body.setAttribute("fill", look.color);
  body.setAttribute("stroke", EDGE);
  body.setAttribute("stroke-width", "1.6");
  svg.append(body);
  if (look.shape === "crossed") svg.append(shape("path", { d: "M5 27L27 5", stroke: EDGE, "stroke-width": "1.6" }));
  if (number !== "") {
    const size = String(number).length > 2 ? 12 : 14.5;
    const text = shape("text", { x: 16, y: 16, dy: "0.36em", "text-anchor": "middle", "font-size": size, "font-weight": 700, fill: look.ink });
    text.textContent = String(number);
    svg.append(text);
  }
  return svg;
}
