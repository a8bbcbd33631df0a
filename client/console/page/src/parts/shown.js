// Which panel and which dialog are open on this page.
import { signal } from "@preact/signals";

export const panel = signal("calls");
export const side = signal("channels"); // on a phone: channels, or the panel
export const dialog = signal(null); // { name, ... }

export const open = (name, more = {}) => { dialog.value = { name, ...more }; };
export const shut = () => { dialog.value = null; };
export const show = (name) => { panel.value = name; side.value = "panel"; };

export const focusIncident = signal("");
export const focusChannel = signal("");
