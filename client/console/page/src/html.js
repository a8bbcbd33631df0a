// The one way in which elements are made: every text becomes a text node, never markup.
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
