// This page, as the endpoint tells it from others.

/** page names this page to the endpoint: a press ends with the page that it came from. */
export const page = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
