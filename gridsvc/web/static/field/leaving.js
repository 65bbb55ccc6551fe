// The page may go at any moment: another app comes in front, the phone throws it away. What was typed is kept before that.

/** Calls `keep()` when the page is hidden or goes; gives back what stops that. */
export function beforeLeaving(keep) {
  const hidden = () => document.visibilityState === "hidden" && keep();
  document.addEventListener("visibilitychange", hidden);
  window.addEventListener("pagehide", keep);
  return () => {
    document.removeEventListener("visibilitychange", hidden);
    window.removeEventListener("pagehide", keep);
  };
}
