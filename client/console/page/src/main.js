// The dispatcher's page.
import { render, h } from "preact";
render(h("main", null, "Crossband"), document.getElementById("app"));
